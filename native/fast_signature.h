// Job: for a signature, how V8 is told of it, and the code that takes V8's registers for compiled code's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace tierlink {

struct FastState;
class FastWriter;

// v8::CTypeInfo and v8::CFunctionInfo, which Node ships no header for; the same in V8 11.3 and 12.4.
struct V8Type {
  enum Kind : uint8_t { Void = 0, Bool = 1, Int32 = 3, Int64 = 5, Float64 = 8, Value = 10, Options = 255 };
  Kind kind;
  uint8_t sequence = 0;
  uint8_t flags = 0;
};
struct V8FunctionInfo {
  V8Type result;
  uint8_t wideIntegers = 0; // as numbers; V8 11.3 knows nothing else, and has padding here
  uint32_t parameterCount = 0;
  const V8Type *parameters = nullptr;
};
static_assert(sizeof(V8Type) == 3 && offsetof(V8FunctionInfo, parameters) == 8);

// One for each signature, for as long as the process: V8 compiles on threads of its own and may look at any
// time. V8 calls a C function with the receiver, the arguments and, last, where it looks afterwards whether
// it has to make the call once more, the slow way.
class FastSignature {
public:
  // Null for what V8 can't pass as Node-API would (see docs/embedding.md).
  static const FastSignature *of(const std::string &letters);

  const V8FunctionInfo &info() const { return info_; }
  // What V8 calls for a target: code that checks and moves the arguments, and goes on to tierlinkFastCall
  // with the FastState in r11 and the place of V8's answer in r10.
  struct Function {
    const void *code = nullptr; // null: the kernel gave no memory
    FastState **target = nullptr;
  };
  Function bind(FastState &target) const;
  // Nobody calls it any more.
  void release(const Function &function) const;
  // What is to be done with the result.
  enum class Finish : uint64_t { None, Byte, Short, Bit, Float, SafeInteger };
  Finish finish() const { return finish_; }
  uint16_t parameterCount() const { return static_cast<uint16_t>(letters_.size() - 1); }

private:
  explicit FastSignature(std::string letters);
  bool describe();
  // Where the place of the answer is among the arguments, as fetch counts them.
  size_t answerNumber() const;
  void write(FastWriter &writer, FastState *const *cell, const uint8_t *decline) const;
  bool grow() const;

  const std::string letters_;
  std::vector<V8Type> types_;
  V8FunctionInfo info_{};
  Finish finish_ = Finish::None;

  mutable std::mutex mutex_; // guards what follows
  mutable std::vector<Function> free_;
};

} // namespace tierlink
