// Job: opens and closes Node-API's scopes.
#include "handle_group.h"

namespace tierlink {

bool HandleGroup::renew(napi_env env) {
  close(env);
  if (napi_open_handle_scope(env, &scope_) != napi_ok) {
    *this = {};
    left_ = 0;
    return false;
  }
  left_ = callbacksInGroup - 1;
  return true;
}

void HandleGroup::closeOpen(napi_env env) {
  napi_close_handle_scope(env, scope_);
  scope_ = nullptr;
}

} // namespace tierlink
