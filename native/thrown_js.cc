// Job: takes a pending JS exception, and refers to it.
#include "thrown_js.h"

#include "binding_support.h"

namespace tierlink {
namespace {

// A property as text; empty if it is none.
std::string textOf(napi_env env, napi_value value, const char *property) {
  napi_valuetype type;
  napi_value found;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object)
    return "";
  if (napi_get_named_property(env, value, property, &found) != napi_ok) {
    // A getter threw: that is not told.
    napi_value ignored;
    napi_get_and_clear_last_exception(env, &ignored);
    return "";
  }
  if (napi_typeof(env, found, &type) != napi_ok || type != napi_string)
    return "";
  return toString(env, found, property);
}

} // namespace

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

TakenJs takeThrown(napi_env env, const std::shared_ptr<bool> &isAlive) {
  bool isPending = false;
  napi_value error;
  if (napi_is_exception_pending(env, &isPending) != napi_ok || !isPending ||
      napi_get_and_clear_last_exception(env, &error) != napi_ok)
    return {};
  TakenJs taken{textOf(env, error, "code"), textOf(env, error, "message"),
                JsThrown::keep(env, error, isAlive)};
  if (taken.message.empty())
    taken.message = "it threw";
  return taken;
}

} // namespace tierlink
