// Shows the machine code of one function of an object, with symbols and source lines.
#pragma once

#include "llvm_interface.h"

#include <variant>

namespace tierlink {

/// The instructions of the function, in their order. Addresses of branches within it are offsets from its
/// beginning.
std::variant<std::vector<ShownInstruction>, Failure> disassemble(std::string_view object,
                                                                 std::string_view function);

} // namespace tierlink
