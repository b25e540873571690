// Profiles as LLVM makes and uses them, without files: counters in the code of some tiers, and what they
// counted given to others.
#pragma once

#include "compile_machinery.h"

#include "llvm/IR/Module.h"
#include "llvm/ProfileData/InstrProf.h"
#include "llvm/ProfileData/InstrProfWriter.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tierlink {

/// Counts each function's edges, the targets of its indirect calls and the sizes of its memory operations, in
/// cells that are only declared (see profilePrefix). On canonical code, its hints lowered, before any pass:
/// the same control flow has the same edges only if branches are weighed alike.
void instrument(llvm::Module &module, Machinery &machinery);

struct UsedProfile {
  /// Functions whose records are of other code; these are compiled as if there were none.
  std::vector<std::string> unfit;
  /// The highest count of the functions that are compiled; 0 when nothing is known of any.
  uint64_t most = 0;
};

/// Tells the passes what was counted of the functions that the module defines. On the code that instrument()
/// takes.
UsedProfile useProfile(llvm::Module &module, Machinery &machinery, const SharedProfile &profile,
                       const ProfileUses &uses, unsigned prior);

/// Tells what is hot and what is cold. The inliner goes by that, which is why useProfile() may leave it out.
void tellHeat(llvm::Module &module, Machinery &machinery, const UsedProfile &used);

/// Right before code is generated: functions are not split of which little was seen here, or whose cold part
/// would have the name of another symbol.
void keepWhole(llvm::Module &module);

/// Calls directly what useProfile() found to be called indirectly, and gives memory operations the sizes that
/// they have most often.
void promoteByProfile(llvm::Module &module, Machinery &machinery);

llvm::NamedInstrProfRecord toLlvm(const ProfileRecord &record);

/// An indexed profile of what a writer was given. One at a time: LLVM 22 keeps the record whose values it
/// writes in a variable of the process (ValueProfData::serializeFrom), and writes over the heap when there
/// are two.
std::unique_ptr<llvm::MemoryBuffer> indexed(llvm::InstrProfWriter &writer);

std::variant<std::vector<ProfileRecord>, Failure> readProfile(std::string_view bytes);
std::variant<std::string, Failure> writeProfile(const std::vector<ProfileRecord> &records);

} // namespace tierlink
