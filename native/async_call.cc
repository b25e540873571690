// Job: keeps an asynchronous call's arguments alive, runs it, and settles its promise on the JS thread.
#include "async_call.h"

#include <map>
#include <mutex>
#include <utility>

#include "binding_support.h"
#include "call_threads.h"
#include "coded_error.h"
#include "engine_state.h"
#include "js_channel.h"
#include "thread_record.h"

namespace tierlink {
namespace {

class Outcomes;

struct AsyncCall {
  explicit AsyncCall(Target of) : target(std::move(of)), state(target.signature) {}

  Target target;
  CallState state;
  CallFailure failure;
  std::shared_ptr<Outcomes> outcomes;
  // JS thread only.
  napi_deferred deferred = nullptr;
  std::vector<napi_ref> buffers; // whose memory the call may use
};

void settleResult(napi_env env, const AsyncCall &call) {
  const napi_value result = toJsResult(env, call.target, call.state.frame);
  napi_value thrown;
  if (result != nullptr)
    napi_resolve_deferred(env, call.deferred, result);
  else if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok)
    napi_reject_deferred(env, call.deferred, thrown);
}

void settle(napi_env env, AsyncCall &call) {
  for (napi_ref buffer : call.buffers)
    napi_delete_reference(env, buffer);
  call.buffers.clear();
  try {
    if (call.failure.code != nullptr)
      napi_reject_deferred(env, call.deferred, toJsError(env, call.failure));
    else
      settleResult(env, call);
  } catch (const std::exception &) {
    // Node refuses to make values: the environment is ending, and nobody waits any more.
  }
}

// What calls of one environment came to, on its way to JS. Keeps the event loop alive while there are any.
class Outcomes {
public:
  // JS thread only. Throws PendingJsException or BindingError.
  static std::shared_ptr<Outcomes> of(napi_env env) {
    if (const auto found = all().find(env); found != all().end())
      return found->second;
    auto outcomes = std::make_shared<Outcomes>();
    outcomes->channel_ = JsChannel::open(env, nullptr, "tierlink calls",
                                         [told = std::weak_ptr(outcomes)](napi_env in, napi_value) {
                                           if (const auto here = told.lock())
                                             here->settleAll(in);
                                         });
    if (outcomes->channel_ == nullptr)
      throw PendingJsException();
    outcomes->channel_->keepAlive(env, false);
    check(env, napi_add_env_cleanup_hook(env, onEnd, env), "cleanup hook");
    all()[env] = outcomes;
    return outcomes;
  }

  // JS thread only: there will be one more.
  void expect(napi_env env) {
    if (expected_++ == 0)
      channel_->keepAlive(env, true);
  }

  // From any thread.
  void tell(std::shared_ptr<AsyncCall> call) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (isEnded_)
        return;
      told_.push_back(std::move(call));
    }
    channel_->send();
  }

private:
  static std::map<napi_env, std::shared_ptr<Outcomes>> &all() {
    static thread_local std::map<napi_env, std::shared_ptr<Outcomes>> map;
    return map;
  }

  static void onEnd(void *data) {
    const auto found = all().find(static_cast<napi_env>(data));
    const auto ended = std::move(found->second);
    all().erase(found);
    {
      std::lock_guard<std::mutex> lock(ended->mutex_);
      ended->isEnded_ = true;
    }
    (void)ended->take();
    ended->channel_->close();
  }

  std::vector<std::shared_ptr<AsyncCall>> take() {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(told_, {});
  }

  void settleAll(napi_env env) {
    for (const auto &call : take()) {
      settle(env, *call);
      if (--expected_ == 0)
        channel_->keepAlive(env, false);
    }
  }

  std::shared_ptr<JsChannel> channel_;
  size_t expected_ = 0; // JS thread only
  std::mutex mutex_;    // guards what follows
  std::vector<std::shared_ptr<AsyncCall>> told_;
  bool isEnded_ = false;
};

// The thread's own reference to the call lives here, not on its stack: pthread_exit may pass without
// unwinding.
void perform(void *data) {
  auto *handedOver = static_cast<std::shared_ptr<AsyncCall> *>(data);
  AsyncCall &call = **handedOver;
  ThreadRecord &thread = ThreadRecord::here();
  call.failure = {"THREAD_ENDED", call.target.name + " ended its thread without returning", nullptr};
  thread.adopt(ThreadRecord::Kind::Async, call.target.engine, nullptr, [handedOver](bool parked) {
    if (parked)
      (*handedOver)->failure = {"PROGRAM_EXITED", (*handedOver)->target.name + " ended the program by exit",
                                nullptr};
    auto done = std::move(*handedOver);
    delete handedOver;
    const auto outcomes = done->outcomes;
    outcomes->tell(std::move(done));
  });
  if (const auto failure = callTarget(call.target, call.state.frame))
    call.failure = *failure;
  else
    call.failure = {};
  thread.runDestructors(*call.target.engine);
  thread.release();
}

// Objects are buffers here: everything else was refused.
void keepBuffers(napi_env env, const std::vector<napi_value> &values, AsyncCall &call) {
  for (napi_value value : values) {
    napi_valuetype type;
    check(env, napi_typeof(env, value, &type), "typeof");
    if (type != napi_object)
      continue;
    napi_ref reference;
    check(env, napi_create_reference(env, value, 1, &reference), "reference");
    call.buffers.push_back(reference);
  }
}

} // namespace

napi_value callAsync(napi_env env, Target target, const std::vector<napi_value> &values) {
  auto call = std::make_shared<AsyncCall>(std::move(target));
  if (!convertArguments(env, call->target, values.size(), values.data(), call->state))
    return nullptr;
  call->outcomes = Outcomes::of(env);
  keepBuffers(env, values, *call);
  napi_value promise;
  check(env, napi_create_promise(env, &call->deferred, &promise), "promise");
  call->outcomes->expect(env);
  Engine &engine = *call->target.engine;
  if (!engine.beginLaunch()) {
    call->failure = {"ENGINE_DISPOSED", call->target.name + " belongs to an engine that is disposed",
                     nullptr};
    call->outcomes->tell(call);
    return promise;
  }
  auto *handedOver = new std::shared_ptr<AsyncCall>(call);
  std::string failure;
  if (!CallThreads::run(engine, perform, handedOver, failure)) {
    delete handedOver;
    call->failure = {"THREAD_REFUSED", call->target.name + ": " + failure, nullptr};
    call->outcomes->tell(call);
  }
  engine.launching.fetch_sub(1); // the thread is counted by itself, or was not made
  return promise;
}

} // namespace tierlink
