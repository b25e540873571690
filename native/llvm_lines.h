// Reads the source lines of the functions that an object defines.
#pragma once

#include "llvm_interface.h"

#include "llvm/DebugInfo/DWARF/DWARFContext.h"
#include "llvm/Object/ELFObjectFile.h"

#include <variant>

namespace tierlink {

/// What can be read of an object's debug info. What can't is left out without a word.
std::unique_ptr<llvm::DWARFContext> readDebugInfo(const llvm::object::ObjectFile &object);

/// Whether a symbol stands for what is cold in a function, in a section of its own (createTargetMachine).
bool isColdPart(const llvm::object::ELFSymbolRef &symbol);

/// Of each function that has any, in the order of their offsets. Nothing for an object without debug info.
std::variant<SourceLines, Failure> readLines(std::string_view object);

} // namespace tierlink
