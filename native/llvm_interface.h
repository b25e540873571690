// What tierlink.node asks of tierlink_llvm.so, which alone is linked with LLVM and is loaded when the first
// module is ingested or compiled (load_llvm.h). Both are built together, and a hash of this file is compared
// at load, so types of the standard library may cross. LLVM's may not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tierlink {

/// What went wrong, as NativeFailure of src/native/contract.ts.
struct Failure {
  /// One of the contract's kinds.
  const char *kind;
  std::string message;
  std::string symbol;
};

enum class InputFormat { bitcode, text };

/// IngestResult of src/native/contract.ts.
struct Ingested {
  std::vector<char> code;
  std::optional<std::vector<char>> data;
  std::string summary;
};

/// How calls leave a function.
enum class CallForm {
  direct,    // call f
  indirect,  // call *f@GOTPCREL(%rip)
  patchable, // call f, whose displacement never crosses a cache line
};

/// CompileJob of src/native/contract.ts.
struct CompileJob {
  std::string bitcode;
  bool isData = false;
  std::string passes;
  int codegenLevel = 0;
  bool hostCpu = false;
  CallForm calls = CallForm::direct;
  bool counters = false;
  std::vector<std::string> near;
};

using ObjectBytes = std::vector<char>;

/// From any thread; neither throws, and whatever LLVM does, the process lives.
class LlvmHalf {
public:
  virtual std::variant<Ingested, Failure> ingest(std::string_view bytes, InputFormat format,
                                                 unsigned moduleId, std::string_view name) const = 0;
  virtual std::variant<ObjectBytes, Failure> compile(const CompileJob &job) const = 0;

protected:
  ~LlvmHalf() = default;
};

/// The one function that tierlink_llvm.so exports, under the name `tierlink_llvm`. Null if it was built with
/// another version of this file.
using LlvmHalfEntry = const LlvmHalf *(*)(const char *interfaceHash);

} // namespace tierlink
