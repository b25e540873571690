// Job: one synchronous call of the JS callback in the middle of compiled code.
#include "js_control.h"

#include "binding_support.h"
#include "js_scope.h"

namespace tierlink {
namespace {

constexpr const char *gone = "control can't be called any more";

std::shared_ptr<const LazyFailure> failureOf(std::string code, std::string message,
                                             std::shared_ptr<const JsThrown> thrown = nullptr) {
  return std::make_shared<const LazyFailure>(LazyFailure{code.empty() ? "CALL_UNFINISHED" : std::move(code),
                                                         std::move(message), "", std::move(thrown)});
}

} // namespace

JsControl::JsControl(napi_env env, napi_value callback) : env_(env) {
  check(env, napi_create_reference(env, callback, 1, &callback_), "reference");
}

JsControl::~JsControl() {
  *isAlive_ = false;
  napi_delete_reference(env_, callback_);
}

std::shared_ptr<const LazyFailure> JsControl::compile(uintptr_t slot) {
  const DefaultFloatingPoint mode;
  const Scope scope(env_);
  napi_value callback, receiver, argument;
  if (!scope.isOpen() || napi_get_reference_value(env_, callback_, &callback) != napi_ok ||
      napi_get_undefined(env_, &receiver) != napi_ok ||
      napi_create_bigint_uint64(env_, slot, &argument) != napi_ok)
    return failureOf("", gone);
  if (napi_call_function(env_, receiver, callback, 1, &argument, nullptr) == napi_ok)
    return nullptr;
  TakenJs taken = takeThrown(env_, isAlive_);
  if (taken.thrown == nullptr)
    return failureOf("", gone);
  return failureOf(std::move(taken.code), std::move(taken.message), std::move(taken.thrown));
}

} // namespace tierlink
