// Job: lets any thread call back onto the JS thread that opened the channel, even one that is ending.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include <node_api.h>

namespace tierlink {

class JsChannel {
public:
  // Runs on the JS thread, once for each send; `function` is the JS function given to open, or null.
  using Deliver = std::function<void(napi_env env, napi_value function)>;

  // Null with a pending JS exception if Node refuses. Keeps the event loop alive until closed, see keepAlive.
  static std::shared_ptr<JsChannel> open(napi_env env, napi_value function, const char *name,
                                         Deliver deliver);

  // From any thread. After the environment has ended, or after close, it does nothing.
  void send();
  // From any thread; what was sent before is still delivered. Idempotent.
  void close();
  // On the JS thread only.
  void keepAlive(napi_env env, bool keep);

private:
  static void onCall(napi_env env, napi_value function, void *context, void *data);
  static void onFinalize(napi_env env, void *data, void *hint);

  std::mutex mutex_; // guards function_
  napi_threadsafe_function function_ = nullptr;
  Deliver deliver_;
};

} // namespace tierlink
