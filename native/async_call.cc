// Job: keeps an asynchronous call's arguments alive, runs it, and settles its promise on the JS thread.
#include "async_call.h"

#include "binding_support.h"
#include "coded_error.h"
#include "engine_state.h"
#include "js_channel.h"
#include "native_thread.h"
#include "thread_record.h"

namespace tierlink {
namespace {

struct AsyncCall {
  explicit AsyncCall(Target of) : target(std::move(of)), state(target.signature) {}

  Target target;
  CallState state;
  CallFailure failure;
  // JS thread only.
  napi_deferred deferred = nullptr;
  std::vector<napi_ref> buffers; // whose memory the call may use
  std::shared_ptr<JsChannel> channel;
};

// The thread's own reference to the call lives here, not on its stack: pthread_exit may pass without
// unwinding.
void *threadMain(void *data) {
  auto *handedOver = static_cast<std::shared_ptr<AsyncCall> *>(data);
  AsyncCall &call = **handedOver;
  ThreadRecord &thread = ThreadRecord::here();
  call.failure = {"THREAD_ENDED", call.target.name + " ended its thread without returning", nullptr};
  thread.adopt(ThreadRecord::Kind::Async, call.target.engine, nullptr, [handedOver](bool parked) {
    if (parked)
      (*handedOver)->failure = {"PROGRAM_EXITED", (*handedOver)->target.name + " ended the program by exit",
                                nullptr};
    const auto channel = (*handedOver)->channel;
    delete handedOver;
    channel->send();
    channel->close();
  });
  if (const auto failure = callTarget(call.target, call.state.frame))
    call.failure = *failure;
  else
    call.failure = {};
  thread.runDestructors(*call.target.engine);
  return nullptr;
}

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
  keepBuffers(env, values, *call);
  napi_value promise;
  check(env, napi_create_promise(env, &call->deferred, &promise), "promise");
  // The channel keeps the call until Node frees it, which is after the message is delivered or dropped.
  call->channel =
      JsChannel::open(env, nullptr, "tierlink call", [call](napi_env in, napi_value) { settle(in, *call); });
  if (call->channel == nullptr)
    throw PendingJsException();
  Engine &engine = *call->target.engine;
  if (!engine.beginLaunch()) {
    call->failure = {"ENGINE_DISPOSED", call->target.name + " belongs to an engine that is disposed",
                     nullptr};
    call->channel->send();
    call->channel->close();
    return promise;
  }
  auto *handedOver = new std::shared_ptr<AsyncCall>(call);
  std::string failure;
  if (!startNativeThread(*call->target.engine, defaultStackBytes, threadMain, handedOver, failure)) {
    delete handedOver;
    call->failure = {"THREAD_REFUSED", call->target.name + ": " + failure, nullptr};
    call->channel->send();
    call->channel->close();
  }
  engine.launching.fetch_sub(1); // the thread is counted by itself, or was not made
  return promise;
}

} // namespace tierlink
