// Reads the source lines of the functions that an object defines.
#pragma once

#include "llvm_interface.h"

#include <variant>

namespace tierlink {

/// Of each function that has any, in the order of their offsets. Nothing for an object without debug info.
std::variant<SourceLines, Failure> readLines(std::string_view object);

} // namespace tierlink
