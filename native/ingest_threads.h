// Job: ingests several modules at once, on threads that live as long as the call.
#pragma once

#include "llvm_interface.h"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tierlink {

/// IngestJob of src/native/contract.ts. `bytes` stay the caller's.
struct IngestJob {
  std::string_view bytes;
  InputFormat format = InputFormat::bitcode;
  unsigned moduleId = 0;
  std::string name;
};

using IngestOutcome = std::variant<Ingested, Failure>;

/// Ingests all jobs on at most so many threads, this one included, each with one module at a time. Returns
/// what became of them, in their order. The last outcome is that of the first job that failed; what became of
/// those behind it is dropped.
std::vector<IngestOutcome> ingestAll(const LlvmHalf &llvm, std::span<const IngestJob> jobs, unsigned threads);

} // namespace tierlink
