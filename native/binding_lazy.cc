// Job: arguments and results of control's side of lazy calls.
#include "binding_runtime.h"

namespace tierlink {
namespace {

napi_value engineTakeLazyRequests(Call &call) {
  const auto slots = openHandle(call, 0)->engine()->lazy().take();
  return toJsArray(call.env, napi_biguint64_array, slots.data(), slots.size(), sizeof(uint64_t));
}

napi_value engineLazySettled(Call &call) {
  openHandle(call, 0)->engine()->lazy().settle(call.boolean(1, "someLeft"));
  return undefined(call.env);
}

napi_value engineLazyFailed(Call &call) {
  const auto handle = openHandle(call, 0);
  LazyFailure failure{call.string(2, "code"), call.string(3, "message"), call.string(4, "details"), nullptr};
  handle->engine()->lazy().fail(call.bigint(1, "slot"), std::move(failure));
  return undefined(call.env);
}

napi_value engineOnLazyCall(Call &call) {
  openHandle(call, 0)->onLazyCall(call.function(1, "compile"));
  return undefined(call.env);
}

} // namespace

void registerLazy(napi_env env, napi_value exports) {
  exportFunction<engineTakeLazyRequests>(env, exports, "engineTakeLazyRequests");
  exportFunction<engineLazySettled>(env, exports, "engineLazySettled");
  exportFunction<engineLazyFailed>(env, exports, "engineLazyFailed");
  exportFunction<engineOnLazyCall>(env, exports, "engineOnLazyCall");
}

} // namespace tierlink
