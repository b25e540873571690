#include "fast_call.h"

#include <cstring>
#include <cxxabi.h>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "binding_support.h"
#include "coded_error.h"
#include "engine_handle.h"
#include "engine_state.h"
#include "fast_v8.h"
#include "process_barrier.h"
#include "traps.h"

namespace tierlink {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
static_assert(offsetof(ThreadRecord, current) == 0 && offsetof(ThreadRecord, boundary) == 8 &&
              offsetof(ThreadRecord, entered) == 16 && offsetof(ThreadRecord, runsJs) == 24 &&
              offsetof(ThreadRecord, inlineControls) == 28);
#pragma GCC diagnostic pop
static_assert(offsetof(Mutator, depth) == 8);

namespace {

CallFrame resultFrame(uint64_t result) {
  CallFrame frame;
  frame.rax = result;
  return frame;
}

uintptr_t representation(napi_env env, bool value) {
  napi_value made;
  check(env, napi_get_boolean(env, value, &made), "boolean");
  return *reinterpret_cast<uintptr_t *>(made);
}

} // namespace

// Belongs to one JS thread, from when it is bound until the environment ends: V8 keeps its function for so
// long.
struct FastTarget : FastState, SlowCall {
  FastTarget(napi_env env, Target to, const FastSignature &signature, const EngineHandle *of,
             napi_value failed);
  ~FastTarget() override;
  napi_value call(size_t count, const napi_value *values) override;
  void end();

  Target target;
  const EngineHandle *owner; // null once it is dead
  // Of a call that was made already: what is left to do for the slow way.
  std::unique_ptr<const CallFailure> failure;
  std::optional<uint64_t> unsafe; // the integer that it returned
  napi_ref failed = nullptr;      // is told what Node-API throws
  const FastSignature &signature;
  FastSignature::Function function;

  // Those of this thread.
  static std::unordered_set<FastTarget *> &here() {
    static thread_local std::unordered_set<FastTarget *> targets;
    return targets;
  }

private:
  napi_value fail(napi_value error);
  napi_value failPending();
};

FastTarget::FastTarget(napi_env env, Target to, const FastSignature &signature, const EngineHandle *of,
                       napi_value failed)
    : FastState{&ThreadRecord::here().mutatorFor(*to.engine),
                to.engine.get(),
                &ThreadRecord::here(),
                to.slot,
                &to.engine->door,
                signature.finish(),
                &to.engine->mayCallBack(to.slot),
                representation(env, true),
                representation(env, false)},
      SlowCall(env), target(std::move(to)), owner(of), signature(signature) {
  // Weak, as V8 would keep what it refers to until the environment ends. Whoever can call has it.
  check(env, napi_create_reference(env, failed, 0, &this->failed), "reference");
  function = signature.bind(*this);
  here().insert(this);
}

FastTarget::~FastTarget() {
  here().erase(this);
  end();
  napi_delete_reference(env, failed);
  if (function.code != nullptr)
    signature.release(function);
}

void FastTarget::end() {
  static const Door closed{true, false};
  static const std::atomic<bool> unknown{true};
  door = &closed;
  mayCallBack = &unknown;
  owner = nullptr;
  target.engine.reset();
}

napi_value FastTarget::call(size_t count, const napi_value *values) {
  try {
    if (const auto told = std::move(failure))
      return fail(toJsError(env, *told));
    if (owner == nullptr)
      return fail(makeError(env, "ENGINE_DISPOSED", target.name + " belongs to an engine that is disposed"));
    const auto integer = std::exchange(unsafe, std::nullopt);
    const napi_value result =
        integer ? toJsResult(env, target, resultFrame(*integer)) : callFromJs(env, target, count, values);
    return result == nullptr ? failPending() : result;
  } catch (const PendingJsException &) {
    return failPending();
  } catch (const BindingError &error) {
    napi_throw_error(env, nullptr, error.what());
    return failPending();
  }
}

napi_value FastTarget::failPending() {
  napi_value error;
  bool isPending = false;
  if (napi_is_exception_pending(env, &isPending) == napi_ok && isPending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    return fail(error);
  return nullptr;
}

napi_value FastTarget::fail(napi_value error) {
  napi_value told, result;
  const bool isTold = napi_get_reference_value(env, failed, &told) == napi_ok && told != nullptr &&
                      napi_get_undefined(env, &result) == napi_ok &&
                      napi_call_function(env, result, told, 1, &error, nullptr) == napi_ok;
  return isTold ? result : nullptr;
}

napi_value bindFast(napi_env env, Target target, const std::string &letters, const EngineHandle *owner,
                    napi_value failed) {
  const FastSignature *signature =
      knowsV8() && ProcessBarrier::isThere() ? FastSignature::of(letters) : nullptr;
  if (signature == nullptr)
    return null(env);
  Engine &engine = *target.engine;
  ThreadRecord &thread = ThreadRecord::here();
  if (engine.catchesTraps.load(std::memory_order_relaxed) && !thread.canTrap)
    Traps::prepare(thread);
  auto owned = std::make_unique<FastTarget>(env, std::move(target), *signature, owner, failed);
  if (owned->function.code == nullptr)
    return null(env);
  const napi_value function = makeFastFunction(*signature, owned->function.code, *owned);
  if (function == nullptr)
    throw PendingJsException();
  // V8 keeps the function until the environment ends, which is when this is called.
  check(env,
        napi_add_finalizer(
            env, function, owned.get(),
            [](napi_env, void *data, void *) { delete static_cast<FastTarget *>(data); }, nullptr, nullptr),
        "finalizer");
  (void)owned.release();
  return function;
}

void endFast(const EngineHandle *owner) {
  for (FastTarget *target : FastTarget::here())
    if (target->owner == owner)
      target->end();
}

bool isFastOpen(Engine &engine, const void *slot) {
  const ThreadRecord &thread = ThreadRecord::here();
  return !engine.door.mayRunJs.load(std::memory_order_relaxed) && thread.inlineControls == 0 &&
         (thread.runsJs == 0 || !engine.mayCallBack(slot).load(std::memory_order_relaxed));
}

bool isInFastCall(const ThreadRecord &thread) {
  return thread.boundary != nullptr && thread.boundary->code == tierlinkFastLeft;
}

} // namespace tierlink

using namespace tierlink;

// From here on by the code of tierlinkFastCall, while it is inside the engine.
extern "C" {

// Compiled code was left by a trap, or because it could not be unwound.
__attribute__((visibility("hidden"))) void tierlinkFastWasLeft(FastState *state) {
  auto *target = static_cast<FastTarget *>(state);
  target->failure = leftBy(target->target, *target->thread);
}

// A C++ exception came out of compiled code.
__attribute__((visibility("hidden"))) void tierlinkFastThrew(FastState *state, void *exception) {
  auto *target = static_cast<FastTarget *>(state);
  struct Caught {
    explicit Caught(void *thrown) { abi::__cxa_begin_catch(thrown); }
    ~Caught() { abi::__cxa_end_catch(); }
  } const caught(exception);
  target->failure = failureOfCaught(target->target);
}

// The result is no integer that a number holds exactly.
__attribute__((visibility("hidden"))) void tierlinkFastUnsafe(FastState *state, uint64_t result) {
  static_cast<FastTarget *>(state)->unsafe = result;
}
}
