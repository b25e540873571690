// Job: ingests several modules at once, on threads that live as long as the call.
#pragma once

#include "llvm_interface.h"

#include <span>
#include <variant>
#include <vector>

namespace tierlink {

using IngestOutcome = std::variant<Ingested, Failure>;

/// Ingests all jobs on at most so many threads, this one included, each with one module at a time. Returns
/// what became of them, in their order. The last outcome is that of the first job that failed; what became of
/// those behind it is dropped.
std::vector<IngestOutcome> ingestAll(const LlvmHalf &llvm, std::span<const IngestSource> jobs,
                                     unsigned threads);

} // namespace tierlink
