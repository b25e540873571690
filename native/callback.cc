// Job: words to JS values, the call, and its result or failure back.
#include "callback.h"

#include <cstdio>
#include <unwind.h>

#include "binding_support.h"
#include "callback_home.h"
#include "callback_thunks.h"
#include "coded_error.h"
#include "copied_process.h"
#include "engine_state.h"
#include "exceptions_in_flight.h"
#include "fast_call.h"
#include "js_scope.h"
#include "marshal.h"
#include "thread_record.h"
#include "thrown_js.h"
#include "trampoline.h"

namespace tierlink {
namespace {

constexpr const char *threadEnding = "its thread of JS is ending";

Callback::Failure failureOf(const char *code, std::string message, std::string details,
                            std::shared_ptr<const JsThrown> thrown = nullptr) {
  return std::make_shared<const LazyFailure>(
      LazyFailure{code, std::move(message), std::move(details), std::move(thrown)});
}

// As JSON.
std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\')
      result += '\\';
    if (static_cast<unsigned char>(character) < 0x20) {
      char escaped[8];
      snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(character));
      result += escaped;
    } else {
      result += character;
    }
  }
  return result + '"';
}

Callback::Failure callbackFailure(const std::string &name, const std::string &reason,
                                  std::shared_ptr<const JsThrown> thrown = nullptr) {
  return failureOf("CALLBACK_FAILED", name + ": " + reason,
                   R"({"callback":)" + quoted(name) + R"(,"reason":)" + quoted(reason) + "}",
                   std::move(thrown));
}

uint64_t argument(const CallbackFrame &frame, uint16_t word) {
  if (word < Signature::firstVectorWord)
    return frame.general[word];
  if (word < Signature::firstStackWord)
    return frame.vector[word - Signature::firstVectorWord];
  return frame.stack[word - Signature::firstStackWord];
}

} // namespace

std::shared_ptr<Callback> Callback::create(std::shared_ptr<CallbackHome> home,
                                           const std::shared_ptr<Engine> &engine, Signature signature,
                                           std::string name, napi_value function) {
  std::shared_ptr<Callback> callback(
      new Callback(std::move(home), engine, std::move(signature), std::move(name)));
  check(callback->home_->env(),
        napi_create_reference(callback->home_->env(), function, 1, &callback->function_), "reference");
  callback->thunk_ = CallbackThunks::bind(callback);
  if (callback->thunk_ == nullptr) {
    napi_delete_reference(callback->home_->env(), callback->function_);
    throw BindingError("the kernel gave no memory for a function pointer");
  }
  callback->home_->add(callback);
  return callback;
}

void Callback::free() {
  if (function_ == nullptr)
    return;
  const auto self = shared_from_this();
  napi_delete_reference(home_->env(), function_);
  function_ = nullptr;
  CallbackThunks::release(thunk_);
  home_->remove(self);
}

Callback::Failure Callback::failure(const std::string &reason) const {
  return callbackFailure(name_, reason);
}

Callback::Failure Callback::call(CallbackFrame &frame) {
  // Kept for as long as JS runs: it may end the process, whose last steps look at the engine.
  const auto engine = engine_.lock();
  if (engine == nullptr || engine->closed())
    return failure("its engine is disposed");
  std::vector<uint64_t> words;
  words.reserve(signature_.parameters.size());
  for (const auto &parameter : signature_.parameters)
    words.push_back(argument(frame, parameter.word));
  uint64_t result = 0;
  auto failed =
      home_->isHere() ? invoke(words, result) : home_->ask(shared_from_this(), std::move(words), result);
  (returnsVector() ? frame.xmm0 : frame.rax) = result;
  return failed;
}

// Without a lock or a reference: its engine lasts, as its caller is inside, and its home keeps what is freed
// while it runs.
Callback::Failure Callback::callWithin(CallbackFrame &frame, ThreadRecord &thread) {
  const CallbackHome::Running running(*home_);
  uint64_t result = 0;
  thread.callbacksEnv = home_->env();
  auto failed =
      thread.handles.join(home_->env())
          ? invokeWith([&](size_t i) { return argument(frame, signature_.parameters[i].word); }, result)
          : failure(threadEnding);
  (returnsVector() ? frame.xmm0 : frame.rax) = result;
  return failed;
}

Callback::Failure Callback::invoke(const std::vector<uint64_t> &words, uint64_t &result) {
  if (function_ == nullptr)
    return failure("it was freed");
  const Scope scope(home_->env());
  return scope.isOpen() ? invokeWith([&](size_t i) { return words[i]; }, result) : failure(threadEnding);
}

template <class Argument> Callback::Failure Callback::invokeWith(Argument argument, uint64_t &result) {
  constexpr size_t inlineArguments = 8;
  const napi_env env = home_->env();
  const DefaultFloatingPoint mode;
  const KeptExceptions exceptions(ThreadRecord::here());
  const size_t count = signature_.parameters.size();
  napi_value function, receiver, returned;
  napi_value some[inlineArguments];
  std::vector<napi_value> many(count > inlineArguments ? count : 0);
  napi_value *const values = many.empty() ? some : many.data();
  bool isReady = napi_get_reference_value(env, function_, &function) == napi_ok &&
                 napi_get_undefined(env, &receiver) == napi_ok;
  for (size_t i = 0; isReady && i < count; ++i)
    isReady = (values[i] = fromWord(env, signature_.parameters[i].letter, argument(i))) != nullptr;
  if (!isReady)
    return failure(threadEnding);
  if (napi_call_function(env, receiver, function, count, values, &returned) != napi_ok) {
    TakenJs taken = takeThrown(env, home_->isAlive());
    if (taken.thrown == nullptr)
      return failure(threadEnding);
    return callbackFailure(name_, "it threw: " + taken.message, std::move(taken.thrown));
  }
  if (signature_.result == 'v' || toResultWord(env, returned, signature_.result, result))
    return nullptr;
  return refused(env, returned);
}

Callback::Failure Callback::refused(napi_env env, napi_value result) const {
  const std::string expected = expectedForResult(signature_.result);
  std::string found = "this";
  try {
    found = describe(env, result);
  } catch (const std::exception &) {
    // Node refuses to say; the environment is ending.
  }
  return failureOf("RESULT_INVALID", name_ + " returned " + found + ", not " + expected,
                   R"({"symbol":)" + quoted(name_) + R"(,"expected":)" + quoted(expected) + R"(,"found":)" +
                       quoted(found) + "}");
}

} // namespace tierlink

namespace {

using namespace tierlink;

// An own function: nothing of it may be left to destroy when its caller throws.
Callback::Failure call(const CallbackCell &cell, CallbackFrame &frame) {
  if (CopiedProcess::isThis())
    return callbackFailure("a function of JS", "it is called in the child of a fork, which has no JS");
  ThreadRecord *thread = ThreadRecord::find();
  Callback *own = CallbackThunks::findOwn(cell, thread);
  if (own != nullptr && isInFastCall(*thread)) [[unlikely]]
    return own->failure("its caller came by the fast road, before that led here");
  if (own != nullptr && thread->boundary != nullptr && own->isWithin(*thread))
    return own->callWithin(frame, *thread);
  const auto callback = CallbackThunks::find(cell);
  return callback == nullptr ? callbackFailure("a function of JS", "it was freed") : callback->call(frame);
}

// Whether the unwinder comes from here to where compiled code was entered. A function that is marked nounwind
// need not have an unwind table.
bool canUnwindTo(const JumpFrame &boundary) {
  struct Search {
    uintptr_t end;
    bool isFound;
  } search{reinterpret_cast<uintptr_t>(boundary.stackPointer), false};
  _Unwind_Backtrace(
      [](_Unwind_Context *frame, void *data) {
        auto &wanted = *static_cast<Search *>(data);
        wanted.isFound = _Unwind_GetCFA(frame) > wanted.end;
        return wanted.isFound ? _URC_END_OF_STACK : _URC_NO_REASON;
      },
      &search);
  return search.isFound;
}

} // namespace

// What thunks lead to.
extern "C" __attribute__((visibility("hidden"))) void tierlinkCallbackCall(CallbackCell *cell,
                                                                           CallbackFrame *frame) {
  auto failure = call(*cell, *frame);
  if (failure == nullptr)
    return;
  ThreadRecord *thread = ThreadRecord::find();
  if (thread == nullptr || thread->boundary == nullptr || canUnwindTo(*thread->boundary))
    throw CallbackFailed(std::move(failure));
  // The exception would end the process. So the call is left as after a trap.
  thread->left = std::move(failure);
  tierlinkLeave(thread->boundary);
}
