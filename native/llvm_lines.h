// Reads the source lines of the functions that an object defines.
#pragma once

#include "llvm_interface.h"

#include "llvm/DebugInfo/DWARF/DWARFContext.h"

#include <variant>

namespace tierlink {

/// What can be read of an object's debug info. What can't is left out without a word.
std::unique_ptr<llvm::DWARFContext> readDebugInfo(const llvm::object::ObjectFile &object);

/// Of each function that has any, in the order of their offsets. Nothing for an object without debug info.
std::variant<SourceLines, Failure> readLines(std::string_view object);

} // namespace tierlink
