// Job: the handles of several callbacks of JS that follow each other in one stay in compiled code, given back
// together: a scope of Node-API for each costs a third of the callback.
#pragma once

#include <cstdint>

#include <node_api.h>

namespace tierlink {

// Those of one stay; no destructor, as it is left where compiled code is left. The first ones go into the
// scope in which JS made the call.
class HandleGroup {
public:
  // Before each callback; false if Node refuses.
  bool join(napi_env env) {
    if (left_ == 0) [[unlikely]]
      return renew(env);
    --left_;
    return true;
  }
  // What was opened since is closed already: whoever comes in leaves before. `env` is that of the callbacks.
  void close(napi_env env) {
    if (scope_ != nullptr) [[unlikely]]
      closeOpen(env);
  }

private:
  static constexpr uint32_t callbacksInGroup = 32;

  bool renew(napi_env env);
  void closeOpen(napi_env env);

  napi_handle_scope scope_ = nullptr;
  uint32_t left_ = callbacksInGroup;
};

} // namespace tierlink
