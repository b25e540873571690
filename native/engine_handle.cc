// Job: wakes the control thread for requests, and ends the engine.
#include "engine_handle.h"

#include <unistd.h>

#include "binding_support.h"

namespace tierlink {
namespace {

// How long threads that were told to leave may take: so many looks, microseconds apart.
constexpr int leavingTries = 200;
constexpr useconds_t leavingUs = 500;

} // namespace

// Runs when the handle is collected or the environment ends. The engine itself lives on while its threads do:
// they are neither waited for nor is their code unmapped.
EngineHandle::~EngineHandle() {
  waker_.reset();
  if (controls()) {
    engine_->lazy().end();
    engine_->uncontrol();
  }
}

void EngineHandle::onRequests(napi_value wake) {
  waker_.reset();
  auto channel = JsChannel::open(env_, wake, "tierlink requests", [](napi_env env, napi_value function) {
    napi_value receiver;
    if (napi_get_undefined(env, &receiver) == napi_ok)
      napi_call_function(env, receiver, function, 0, nullptr, nullptr); // Node reports what it throws
  });
  if (channel == nullptr)
    throw PendingJsException();
  channel->keepAlive(env_, keep_);
  waker_ = Waker::start(engine_->ring().wakeFd(), std::move(channel));
  if (waker_ == nullptr)
    throw BindingError("the thread that waits for requests could not be made");
  engine_->ring().rewake();
  engine_->lazy().rewake();
}

void EngineHandle::onLazyCall(napi_value compile) {
  engine_->lazy().serveHere(std::make_shared<JsControl>(env_, compile));
}

void EngineHandle::keepAlive(bool keep) {
  keep_ = keep;
  if (waker_ != nullptr)
    waker_->channel().keepAlive(env_, keep);
}

bool EngineHandle::destroy() {
  if (engine_->closed())
    return true;
  if (!engine_->close() && !closeOverWaiting())
    return false;
  waker_.reset();
  engine_->lazy().serveHere(nullptr);
  return true;
}

// What calls wait for will never come, so they are ended.
bool EngineHandle::closeOverWaiting() {
  if (!engine_->lazy().allInsideWait())
    return false;
  engine_->lazy().failAll({"ENGINE_DISPOSED", "the engine is disposed", "", nullptr});
  for (int tries = 0; tries < leavingTries; ++tries) {
    usleep(leavingUs);
    if (engine_->close())
      return true;
  }
  return false;
}

} // namespace tierlink
