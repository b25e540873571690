// Canonical code that was not written anew: the source as it came, and what it takes to make it canonical
// each time it is read. So ingest reads no body, and a body is read when somebody compiles it.
#pragma once

#include "ingest_read.h"

namespace tierlink {

/// Canonical code of that form. The module is the one of which canStayLazy() holds.
std::vector<char> keepSource(llvm::StringRef bitcode, unsigned moduleId);

/// Whether canonical code has that form, and not that of bitcode.
bool isSource(llvm::StringRef code);

/// The source in it.
llvm::StringRef bitcodeOf(llvm::StringRef code);

/// The canonical module without bodies. They are read from `code`, and nobody has verified them.
ReadModule loadSource(llvm::StringRef code, llvm::LLVMContext &context);

/// The same with all bodies, verified.
ReadModule readSource(llvm::StringRef code, llvm::LLVMContext &context);

} // namespace tierlink
