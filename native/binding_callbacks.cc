// Job: arguments and results of callbacks: JS functions that compiled code calls.
#include "binding_runtime.h"

#include "callback.h"
#include "callback_home.h"

namespace tierlink {
namespace {

napi_value callbackCreate(Call &call) {
  const auto handle = callerHandle(call, 0);
  const std::string letters = call.string(1, "signature");
  std::string name = call.string(2, "name");
  const napi_value function = call.function(3, "function");
  Signature signature;
  std::string failure;
  if (!Signature::parse(letters, signature, failure))
    throw BindingError(name + " with signature " + letters + " can't be called: " + failure);
  return makeHandle(call.env, Callback::create(CallbackHome::of(call.env), handle->engine(),
                                               std::move(signature), std::move(name), function));
}

napi_value callbackAddress(Call &call) {
  return toJsAddress(call.env, call.handle<Callback>(0, "callback")->address());
}

napi_value callbackFree(Call &call) {
  call.handle<Callback>(0, "callback")->free();
  return undefined(call.env);
}

napi_value callbacksServe(Call &call) {
  CallbackHome::serveHere(call.env);
  return undefined(call.env);
}

} // namespace

void registerCallbacks(napi_env env, napi_value exports) {
  exportFunction<callbackCreate>(env, exports, "callbackCreate");
  exportFunction<callbackAddress>(env, exports, "callbackAddress");
  exportFunction<callbackFree>(env, exports, "callbackFree");
  exportFunction<callbacksServe>(env, exports, "callbacksServe");
}

} // namespace tierlink
