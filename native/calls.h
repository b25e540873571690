// Job: JS functions that call compiled code through a slot.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <node_api.h>

#include "entry.h"
#include "marshal.h"
#include "signature.h"
#include "trampoline.h"

namespace tierlink {

class Engine;
struct LazyFailure;

// The memory of one call: registers, and as many stack words as the signature needs.
class CallState {
public:
  explicit CallState(const Signature &signature) : stackStart_(inline_) {
    if (signature.stackWords > inlineWords) [[unlikely]] {
      outline_.resize(signature.stackWords);
      stackStart_ = outline_.data();
    }
    frame.stack = stackStart_;
    frame.stackWords = signature.stackWords;
    frame.vectorCount = signature.vectorWords;
  }
  uint64_t &word(const Signature::Parameter &parameter) {
    if (parameter.word < Signature::firstVectorWord)
      return frame.general[parameter.word];
    if (parameter.word < Signature::firstStackWord)
      return frame.vector[parameter.word - Signature::firstVectorWord];
    return stackStart_[parameter.word - Signature::firstStackWord];
  }

  // Not zeroed: every word that the callee reads is written first.
  CallFrame frame;
  Texts texts;

private:
  static constexpr size_t inlineWords = 8;
  uint64_t inline_[inlineWords];
  std::vector<uint64_t> outline_;
  uint64_t *stackStart_;
};

// A function of compiled code as JS knows it.
struct Target {
  std::shared_ptr<Engine> engine;
  const void *slot;
  Signature signature;
  std::string name;
};

// Converts the arguments into `state`. False with a pending exception if one doesn't fit.
bool convertArguments(napi_env env, const Target &target, size_t count, const napi_value *values,
                      CallState &state);

// Calls the slot's code on this thread. Null if all went well, else what went wrong.
// A C++ exception that the code doesn't catch ends here.
struct CallFailure {
  const char *code = nullptr; // lives with what is below
  std::string message;
  std::shared_ptr<const LazyFailure> told; // by control or a JS function, if that is what went wrong
  Trap trap{};                             // with the code TRAPPED
};
std::unique_ptr<const CallFailure> callTarget(const Target &target, CallFrame &frame,
                                              Entry::Passage passage = Entry::Passage::AtGate);

// Why a call came back without having returned; and, where an exception was caught, why it failed.
std::unique_ptr<const CallFailure> leftBy(const Target &target, ThreadRecord &thread);
std::unique_ptr<const CallFailure> failureOfCaught(const Target &target);

// All of a call from JS. Null with a pending exception.
napi_value callFromJs(napi_env env, const Target &target, size_t count, const napi_value *values);

// What JS is given of a call's result; null with a pending exception if it doesn't fit, or Node refuses.
napi_value toJsResult(napi_env env, const Target &target, const CallFrame &frame);

// What JS is told of a failure; not thrown.
napi_value toJsError(napi_env env, const CallFailure &failure);

// The napi function for a target. `isEnded`: calls are refused as if the engine were disposed. `failed` is
// given what would be thrown, and returns what is.
napi_value bindTarget(napi_env env, Target target, std::shared_ptr<const bool> isEnded, napi_value failed);

} // namespace tierlink
