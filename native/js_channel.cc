// Job: wraps a threadsafe function so that no thread can use it after Node has freed it.
#include "js_channel.h"

namespace tierlink {

std::shared_ptr<JsChannel> JsChannel::open(napi_env env, napi_value function, const char *name,
                                           Deliver deliver) {
  auto channel = std::make_shared<JsChannel>();
  channel->deliver_ = std::move(deliver);
  napi_value resource;
  if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &resource) != napi_ok)
    return nullptr;
  // The threadsafe function owns one reference to the channel until Node finalizes it.
  auto *owned = new std::shared_ptr<JsChannel>(channel);
  if (napi_create_threadsafe_function(env, function, nullptr, resource, 0, 1, owned, onFinalize, owned,
                                      onCall, &channel->function_) != napi_ok) {
    delete owned;
    napi_throw_error(env, nullptr, "Node refused a threadsafe function");
    return nullptr;
  }
  return channel;
}

void JsChannel::send() {
  // Safe because Node frees the threadsafe function only after onFinalize, which waits for this lock and
  // clears the pointer; without that, a thread that outlives its environment would call into freed memory.
  std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr)
    return;
  if (napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_closing)
    function_ = nullptr; // it must not be touched again, not even released
}

void JsChannel::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr)
    return;
  napi_release_threadsafe_function(function_, napi_tsfn_release);
  function_ = nullptr;
}

void JsChannel::keepAlive(napi_env env, bool keep) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr)
    return;
  if (keep)
    napi_ref_threadsafe_function(env, function_);
  else
    napi_unref_threadsafe_function(env, function_);
}

void JsChannel::onCall(napi_env env, napi_value function, void *context, void *) {
  if (env == nullptr)
    return; // the environment is ending: nobody is left to tell
  (*static_cast<std::shared_ptr<JsChannel> *>(context))->deliver_(env, function);
}

void JsChannel::onFinalize(napi_env, void *data, void *) {
  auto *owned = static_cast<std::shared_ptr<JsChannel> *>(data);
  {
    std::lock_guard<std::mutex> lock((*owned)->mutex_);
    (*owned)->function_ = nullptr;
  }
  // What the callback holds may hold the channel. Safe because only this thread uses it.
  (*owned)->deliver_ = nullptr;
  delete owned;
}

} // namespace tierlink
