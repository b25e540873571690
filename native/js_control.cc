// Job: one synchronous call of the JS callback in the middle of compiled code, and what it throws.
#include "js_control.h"

#include <cfenv>

#include "binding_support.h"

namespace tierlink {
namespace {

// JS expects the modes that a thread begins with; the program gets its own back.
class DefaultFloatingPoint {
public:
  DefaultFloatingPoint() {
    fegetenv(&saved_);
    fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatingPoint() { fesetenv(&saved_); }
  DefaultFloatingPoint(const DefaultFloatingPoint &) = delete;
  DefaultFloatingPoint &operator=(const DefaultFloatingPoint &) = delete;

private:
  fenv_t saved_;
};

class Scope {
public:
  explicit Scope(napi_env env) : env_(env) { isOpen_ = napi_open_handle_scope(env, &scope_) == napi_ok; }
  ~Scope() {
    if (isOpen_)
      napi_close_handle_scope(env_, scope_);
  }
  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;
  bool isOpen() const { return isOpen_; }

private:
  const napi_env env_;
  napi_handle_scope scope_ = nullptr;
  bool isOpen_;
};

// A property as text; empty if it is none.
std::string textOf(napi_env env, napi_value value, const char *property) {
  napi_valuetype type;
  napi_value found;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object ||
      napi_get_named_property(env, value, property, &found) != napi_ok ||
      napi_typeof(env, found, &type) != napi_ok || type != napi_string)
    return "";
  return toString(env, found, property);
}

std::shared_ptr<const LazyFailure> failureOf(std::string message, std::string code = "",
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
    return failureOf("control can't be called any more");
  const napi_status status = napi_call_function(env_, receiver, callback, 1, &argument, nullptr);
  if (status == napi_ok)
    return nullptr;
  bool isPending = false;
  napi_value error;
  if (napi_is_exception_pending(env_, &isPending) != napi_ok || !isPending ||
      napi_get_and_clear_last_exception(env_, &error) != napi_ok)
    return failureOf("control can't be called any more");
  std::string message = textOf(env_, error, "message");
  return failureOf(message.empty() ? "control threw" : std::move(message), textOf(env_, error, "code"),
                   JsThrown::keep(env_, error, isAlive_));
}

std::shared_ptr<const JsThrown> JsThrown::keep(napi_env env, napi_value value,
                                               std::shared_ptr<bool> isAlive) {
  napi_value holder;
  napi_ref reference;
  if (napi_create_object(env, &holder) != napi_ok || napi_set_element(env, holder, 0, value) != napi_ok ||
      napi_create_reference(env, holder, 1, &reference) != napi_ok)
    return nullptr;
  return std::shared_ptr<const JsThrown>(new JsThrown(env, reference, std::move(isAlive)));
}

JsThrown::~JsThrown() {
  // Elsewhere, or too late, the value is given up.
  if (isHere())
    napi_delete_reference(env_, holder_);
}

napi_value JsThrown::value(napi_env env) const {
  napi_value holder, value;
  if (env != env_ || !isHere() || napi_get_reference_value(env, holder_, &holder) != napi_ok ||
      napi_get_element(env, holder, 0, &value) != napi_ok)
    return nullptr;
  return value;
}

} // namespace tierlink
