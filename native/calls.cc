// Job: the path of a synchronous call from JS: check, convert, enter, call, leave, convert back.
#include "calls.h"

#include <cstring>
#include <cxxabi.h>

#include "binding_support.h"
#include "callback.h"
#include "coded_error.h"
#include "copied_process.h"
#include "engine_state.h"
#include "exceptions_in_flight.h"
#include "js_control.h"
#include "marshal.h"
#include "removed_function.h"
#include "thread_record.h"
#include "traps.h"
#include "uncompiled_function.h"

namespace tierlink {

namespace {

using Failure = std::unique_ptr<const CallFailure>;

[[gnu::cold]] Failure failureOf(const char *code, std::string message) {
  return std::make_unique<const CallFailure>(CallFailure{code, std::move(message), nullptr, {}});
}

[[gnu::cold]] Failure failureOf(std::shared_ptr<const LazyFailure> told) {
  return std::make_unique<const CallFailure>(
      CallFailure{told->code.c_str(), told->message, std::move(told), {}});
}

} // namespace

[[gnu::cold]] Failure leftBy(const Target &target, ThreadRecord &thread) {
  ExceptionsInFlight::restore(thread);
  if (thread.left != nullptr)
    return failureOf(std::move(thread.left));
  // While still inside: from here on the code is kept because it trapped, not because it is on a stack.
  target.engine->keepTrapped(thread.trap.at);
  return std::make_unique<const CallFailure>(
      CallFailure{"TRAPPED", target.name + " trapped", nullptr, thread.trap});
}

[[gnu::cold]] Failure failureOfCaught(const Target &target) {
  try {
    throw;
  } catch (abi::__forced_unwind &) {
    throw; // pthread_exit; it may not be stopped
  } catch (const FunctionRemoved &error) {
    return failureOf("FUNCTION_REMOVED", error.what());
  } catch (const FunctionUncompiled &error) {
    if (CopiedProcess::isThis())
      std::terminate(); // as natively; here is no JS to tell
    return failureOf(error.failure());
  } catch (const CallbackFailed &error) {
    return failureOf(error.failure());
  } catch (const std::exception &error) {
    return failureOf("EXCEPTION_UNCAUGHT", target.name + " threw a C++ exception: " + error.what());
  } catch (...) {
    return failureOf("EXCEPTION_UNCAUGHT", target.name + " threw an exception");
  }
}

namespace {

[[gnu::cold]] bool refuse(napi_env env, const Target &target, size_t index, const std::string &expected,
                          const std::string &found) {
  napi_throw(env, makeArgumentError(env, target.name, index, expected, found));
  return false;
}

[[gnu::cold]] bool fail(napi_env env, const CallFailure &failure) {
  napi_throw(env, toJsError(env, failure));
  return false;
}

} // namespace

namespace {

// What does not fit: the first of them, or the first that is missing or too many.
[[gnu::cold]] bool refuseCount(napi_env env, const Target &target, size_t count, const napi_value *values) {
  const auto &parameters = target.signature.parameters;
  if (count < parameters.size())
    return refuse(env, target, count, expectedFor(parameters[count].letter), "missing");
  return refuse(env, target, parameters.size(), "absent (it takes " + std::to_string(parameters.size()) + ")",
                describe(env, values[parameters.size()]));
}

[[gnu::cold]] bool refuseValue(napi_env env, const Target &target, size_t index, napi_value value) {
  return refuse(env, target, index, expectedFor(target.signature.parameters[index].letter),
                describe(env, value));
}

// These two are part of what calls them: one call from JS is one piece of code.
[[gnu::always_inline]] inline bool convert(napi_env env, const Target &target, size_t count,
                                           const napi_value *values, CallState &state) {
  const auto &parameters = target.signature.parameters;
  if (count != parameters.size()) [[unlikely]]
    return refuseCount(env, target, count, values);
  for (size_t i = 0; i < count; ++i) {
    if (!toWord(env, values[i], parameters[i].letter, state.texts, state.word(parameters[i]))) [[unlikely]]
      return refuseValue(env, target, i, values[i]);
  }
  return true;
}

[[gnu::cold]] Failure failureOfClosed(const Target &target) {
  return failureOf("ENGINE_DISPOSED", target.name + " belongs to an engine that is disposed");
}

[[gnu::cold]] Failure failureOfEmpty(const Target &target) {
  return failureOf("NOT_LINKED", target.name + " has no code yet");
}

[[gnu::always_inline]] inline Failure call(const Target &target, CallFrame &frame, Entry::Passage passage) {
  Entry entry(*target.engine, passage);
  // Asked while inside: from here on the engine can't be closed.
  if (entry.refused() || target.engine->closed()) [[unlikely]]
    return failureOfClosed(target);
  const void *code = loadSlot(target.slot);
  if (code == nullptr) [[unlikely]]
    return failureOfEmpty(target);
  ThreadRecord &thread = entry.thread();
  if (target.engine->catchesTraps.load(std::memory_order_relaxed) && !thread.canTrap) [[unlikely]]
    Traps::prepare(thread);
  thread.boundary = &frame.back;
  thread.entered = code;
  try {
    if (tierlinkCall(code, &frame) == 0)
      return nullptr;
    return leftBy(target, thread);
  } catch (...) {
    return failureOfCaught(target);
  }
}

// What a function of JS calls: the very one that the user has.
struct BoundTarget : Target {
  std::shared_ptr<const bool> isEnded;
  napi_ref failed = nullptr; // makes of an error what is thrown
};

// The error that is pending becomes what the user is to see. If that fails, its own error stays pending.
[[gnu::cold]] void explainPending(napi_env env, const BoundTarget &target) {
  napi_value error, failed, receiver, told;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok &&
      napi_get_reference_value(env, target.failed, &failed) == napi_ok &&
      napi_get_undefined(env, &receiver) == napi_ok &&
      napi_call_function(env, receiver, failed, 1, &error, &told) == napi_ok)
    napi_throw(env, told);
}

// False with a pending exception. Without a value the result is left alone.
[[gnu::always_inline]] inline bool answer(napi_env env, const BoundTarget &target, size_t count,
                                          const napi_value *values, napi_value &result) {
  if (*target.isEnded) [[unlikely]]
    return fail(env, *failureOfClosed(target));
  CallState state(target.signature);
  if (!convert(env, target, count, values, state)) [[unlikely]]
    return false;
  if (const auto failure = call(target, state.frame, Entry::Passage::AtGate)) [[unlikely]]
    return fail(env, *failure);
  if (target.signature.result == 'v')
    return true;
  result = toJsResult(env, target, state.frame);
  return result != nullptr;
}

[[gnu::cold, gnu::noinline]] bool answerMany(napi_env env, napi_callback_info info, const BoundTarget &target,
                                             size_t count, napi_value &result) {
  std::vector<napi_value> all(count);
  check(env, napi_get_cb_info(env, info, &count, all.data(), nullptr, nullptr), "arguments");
  return answer(env, target, count, all.data(), result);
}

napi_value onCall(napi_env env, napi_callback_info info) {
  constexpr size_t inlineArguments = 6;
  napi_value values[inlineArguments];
  size_t count = inlineArguments;
  void *data;
  if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok)
    return nullptr;
  const BoundTarget &target = *static_cast<BoundTarget *>(data);
  napi_value result = nullptr; // undefined
  try {
    if (count <= inlineArguments ? answer(env, target, count, values, result)
                                 : answerMany(env, info, target, count, result)) [[likely]]
      return result;
  } catch (const PendingJsException &) {
  } catch (const BindingError &error) {
    napi_throw_error(env, nullptr, error.what());
  }
  explainPending(env, target);
  return nullptr;
}

} // namespace

bool convertArguments(napi_env env, const Target &target, size_t count, const napi_value *values,
                      CallState &state) {
  return convert(env, target, count, values, state);
}

std::unique_ptr<const CallFailure> callTarget(const Target &target, CallFrame &frame,
                                              Entry::Passage passage) {
  return call(target, frame, passage);
}

napi_value callFromJs(napi_env env, const Target &target, size_t count, const napi_value *values) {
  CallState state(target.signature);
  if (!convert(env, target, count, values, state))
    return nullptr;
  if (const auto failure = callTarget(target, state.frame)) {
    fail(env, *failure);
    return nullptr;
  }
  return toJsResult(env, target, state.frame);
}

namespace {

const char *nameOf(Trap::Kind kind) {
  switch (kind) {
  case Trap::Kind::NullDereference:
    return "null-dereference";
  case Trap::Kind::InvalidAccess:
    return "invalid-access";
  case Trap::Kind::InvalidCall:
    return "invalid-call";
  case Trap::Kind::Division:
    return "division";
  case Trap::Kind::Unreachable:
    return "unreachable";
  case Trap::Kind::StackOverflow:
    return "stack-overflow";
  }
  return "";
}

void describeTrap(napi_env env, napi_value error, const Trap &trap) {
  setProperty(env, error, "trap", toJs(env, nameOf(trap.kind)));
  setProperty(env, error, "signal", toJs(env, std::string("SIG") + sigabbrev_np(trap.signal)));
  setProperty(env, error, "at", toJsBigint(env, trap.at));
  if (trap.hasAddress)
    setProperty(env, error, "address", toJsBigint(env, trap.address));
}

} // namespace

napi_value toJsError(napi_env env, const CallFailure &failure) {
  const LazyFailure *told = failure.told.get();
  if (told == nullptr) {
    const napi_value error = makeError(env, failure.code, failure.message);
    if (failure.trap.at != 0)
      describeTrap(env, error, failure.trap);
    return error;
  }
  napi_value thrown = told->thrown == nullptr ? nullptr : told->thrown->value(env);
  if (thrown != nullptr)
    return thrown;
  const napi_value error = makeError(env, failure.code, failure.message);
  setProperty(env, error, "detailsJson", toJs(env, told->details));
  return error;
}

napi_value toJsResult(napi_env env, const Target &target, const CallFrame &frame) {
  constexpr int64_t safe = (int64_t{1} << 53) - 1;
  const auto integer = static_cast<int64_t>(frame.rax);
  if ((target.signature.result == 'n' || target.signature.result == 'q') &&
      (integer > safe || integer < -safe)) [[unlikely]] {
    napi_throw(env, makeResultError(env, target.name, "an integer that a number holds exactly",
                                    std::to_string(integer)));
    return nullptr;
  }
  return fromResult(env, target.signature.result, frame);
}

napi_value bindTarget(napi_env env, Target target, std::shared_ptr<const bool> isEnded, napi_value failed) {
  std::unique_ptr<BoundTarget> owned(new BoundTarget{std::move(target), std::move(isEnded)});
  napi_value function;
  check(env,
        napi_create_function(env, owned->name.c_str(), owned->name.size(), onCall, owned.get(), &function),
        "function");
  // The function owns its target: it can't be collected while it runs.
  check(env,
        napi_add_finalizer(
            env, function, owned.get(),
            [](napi_env of, void *data, void *) {
              auto *target = static_cast<BoundTarget *>(data);
              if (target->failed != nullptr)
                napi_delete_reference(of, target->failed);
              delete target;
            },
            nullptr, nullptr),
        "finalizer");
  BoundTarget &bound = *owned.release();
  // The function has it as a property, so that one can be collected with the other.
  check(env, napi_create_reference(env, failed, 0, &bound.failed), "reference");
  napi_property_descriptor kept = {};
  check(env, napi_create_symbol(env, nullptr, &kept.name), "symbol");
  kept.value = failed;
  check(env, napi_define_properties(env, function, 1, &kept), "property");
  return function;
}

} // namespace tierlink
