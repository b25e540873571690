// Job: a JS function that compiled code can call, from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <node_api.h>

#include "signature.h"
#include "thread_record.h"
#include "uncompiled_function.h"

namespace tierlink {

class CallbackHome;
class Engine;

// The registers and stack words with which compiled code calls. The assembler file knows these offsets.
struct CallbackFrame {
  uint64_t general[6];
  uint64_t vector[8];
  const uint64_t *stack;
  uint64_t rax; // results
  uint64_t xmm0;
};
static_assert(offsetof(CallbackFrame, stack) == 112 && sizeof(CallbackFrame) == 136);

// Thrown at the compiled caller when a JS function gave no result. Compiled C++ can catch it as
// std::exception.
class CallbackFailed : public std::runtime_error {
public:
  explicit CallbackFailed(std::shared_ptr<const LazyFailure> failure)
      : std::runtime_error(failure->message), failure_(std::move(failure)) {}

  const std::shared_ptr<const LazyFailure> &failure() const { return failure_; }

private:
  std::shared_ptr<const LazyFailure> failure_;
};

class Callback : public std::enable_shared_from_this<Callback> {
public:
  static constexpr napi_type_tag typeTag{0x746965726c63616c, 0x51d07b9e3a6644f2};
  // Null, or why there is no result.
  using Failure = std::shared_ptr<const LazyFailure>;

  // On the JS thread of `home`. Throws BindingError if Node refuses, or there is no memory.
  static std::shared_ptr<Callback> create(std::shared_ptr<CallbackHome> home,
                                          const std::shared_ptr<Engine> &engine, Signature signature,
                                          std::string name, napi_value function);

  // The function pointer.
  const void *address() const { return thunk_; }
  // From now on calls fail; one that is under way comes to its end. On its JS thread only. Idempotent.
  void free();

  // A call on the current thread; waits for the JS thread if that is another one.
  Failure call(CallbackFrame &frame);
  // The same on its JS thread, from within a call of JS into its engine.
  Failure callWithin(CallbackFrame &frame, ThreadRecord &thread);
  // Whether a thread is inside its engine, so that this lasts.
  bool isWithin(const ThreadRecord &thread) const { return thread.current == enginePlace_; }
  // The call itself, on its JS thread. `words`: as many as there are parameters.
  Failure invoke(const std::vector<uint64_t> &words, uint64_t &result);

  bool returnsVector() const { return signature_.result == 'f' || signature_.result == 'd'; }
  Failure failure(const std::string &reason) const;

private:
  Callback(std::shared_ptr<CallbackHome> home, const std::shared_ptr<Engine> &engine, Signature signature,
           std::string name)
      : home_(std::move(home)), engine_(engine), enginePlace_(engine.get()), signature_(std::move(signature)),
        name_(std::move(name)) {}
  // In a scope of its caller; `argument` gives the word of each parameter.
  template <class Argument> Failure invokeWith(Argument argument, uint64_t &result);
  Failure refused(napi_env env, napi_value result) const;

  const std::shared_ptr<CallbackHome> home_;
  const std::weak_ptr<Engine> engine_;
  const Engine *const enginePlace_; // to be compared only
  const Signature signature_;
  const std::string name_;
  napi_ref function_ = nullptr; // JS thread only; null once freed
  const void *thunk_ = nullptr;
};

} // namespace tierlink
