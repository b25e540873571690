// Profiles as LLVM makes and uses them, without files: counters in the code of some tiers, and what they
// counted given to others.
#pragma once

#include "compile_machinery.h"

#include "llvm/IR/Module.h"
#include "llvm/ProfileData/InstrProf.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tierlink {

/// Counts each function's edges, the targets of its indirect calls and the sizes of its memory operations, in
/// cells that are only declared (see profilePrefix). On canonical code, its hints lowered, before any pass:
/// the same control flow has the same edges only if branches are weighed alike.
void instrument(llvm::Module &module, Machinery &machinery);

/// Tells the passes what was counted of the functions that the module defines. On the code that instrument()
/// takes. Returns the functions whose records are of other code; these are compiled as if there were none.
std::vector<std::string> useProfile(llvm::Module &module, Machinery &machinery, const SharedProfile &profile,
                                    unsigned prior);

/// Calls directly what useProfile() found to be called indirectly, and gives memory operations the sizes that
/// they have most often.
void promoteByProfile(llvm::Module &module, Machinery &machinery);

llvm::NamedInstrProfRecord toLlvm(const ProfileRecord &record);

std::variant<std::vector<ProfileRecord>, Failure> readProfile(std::string_view bytes);
std::variant<std::string, Failure> writeProfile(const std::vector<ProfileRecord> &records);

} // namespace tierlink
