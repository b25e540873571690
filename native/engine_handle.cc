// Job: hands an engine's memory to JS and takes it back before it is unmapped.
#include "engine_handle.h"

#include "binding_support.h"

namespace tierlink {

// Runs when the handle is collected or the environment ends. The engine itself lives on while its threads do:
// they are neither waited for nor is their code unmapped.
EngineHandle::~EngineHandle() {
  waker_.reset();
  for (napi_ref reference : buffers_) {
    if (reference != nullptr)
      napi_delete_reference(env_, reference);
  }
}

napi_value EngineHandle::buffer(RegionKind kind) {
  napi_ref &reference = buffers_[static_cast<size_t>(kind)];
  napi_value buffer = nullptr;
  if (reference != nullptr) {
    check(env_, napi_get_reference_value(env_, reference, &buffer), "buffer");
    return buffer;
  }
  const Region &region = engine_->arena().region(kind);
  // The buffer keeps the memory mapped, should it outlive the handle.
  auto owner = std::make_unique<std::shared_ptr<Engine>>(engine_);
  check(env_,
        napi_create_external_arraybuffer(
            env_, region.writable, region.bytes,
            [](napi_env, void *, void *hint) { delete static_cast<std::shared_ptr<Engine> *>(hint); },
            owner.get(), &buffer),
        "external ArrayBuffer");
  (void)owner.release();
  check(env_, napi_create_reference(env_, buffer, 1, &reference), "reference");
  return buffer;
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
}

void EngineHandle::keepAlive(bool keep) {
  keep_ = keep;
  if (waker_ != nullptr)
    waker_->channel().keepAlive(env_, keep);
}

bool EngineHandle::destroy() {
  if (engine_->closed())
    return true;
  if (!engine_->close([this] { detachBuffers(); }))
    return false;
  waker_.reset();
  return true;
}

void EngineHandle::detachBuffers() {
  for (napi_ref &reference : buffers_) {
    napi_value buffer = nullptr;
    if (reference == nullptr || napi_get_reference_value(env_, reference, &buffer) != napi_ok ||
        buffer == nullptr)
      continue;
    napi_detach_arraybuffer(env_, buffer);
    napi_delete_reference(env_, reference);
    reference = nullptr;
  }
}

} // namespace tierlink
