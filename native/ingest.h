// Turns a module as it comes (bitcode or text) into the canonical parts that every later compile starts from.
#pragma once

#include "llvm_interface.h"

#include <variant>

namespace tierlink {

/// Parses, checks target and validity, canonicalises, splits and summarises. Nothing is optimised, not even
/// into SSA form: clang's allocas are what the cheapest tier runs fastest on.
std::variant<Ingested, Failure> ingest(const IngestSource &source);

} // namespace tierlink
