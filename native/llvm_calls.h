// Which functions the functions of a module call: what nobody can tell makes a function open.
#pragma once

#include "llvm_interface.h"

#include <variant>

namespace tierlink {

/// Of each function that canonical code defines.
std::variant<std::vector<FunctionCalls>, Failure> readCalls(std::string_view code);

} // namespace tierlink
