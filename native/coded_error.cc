// Job: builds coded JS errors.
#include "coded_error.h"

#include "binding_support.h"

namespace tierlink {

napi_value makeError(napi_env env, const char *code, const std::string &message, bool typeError) {
  napi_value error;
  const napi_value codeText = toJs(env, code);
  const napi_value text = toJs(env, message);
  check(env, (typeError ? napi_create_type_error : napi_create_error)(env, codeText, text, &error), "error");
  return error;
}

napi_value makeArgumentError(napi_env env, const std::string &function, size_t index,
                             const std::string &expected, const std::string &found) {
  const std::string message =
      function + ": argument " + std::to_string(index) + " must be " + expected + ", not " + found;
  const napi_value error = makeError(env, "ARGUMENT_INVALID", message, true);
  setProperty(env, error, "index", toJs(env, static_cast<double>(index)));
  setProperty(env, error, "expected", toJs(env, expected));
  setProperty(env, error, "found", toJs(env, found));
  return error;
}

napi_value makeResultError(napi_env env, const std::string &function, const std::string &expected,
                           const std::string &found) {
  const napi_value error =
      makeError(env, "RESULT_INVALID", function + " returned " + found + ", not " + expected);
  setProperty(env, error, "expected", toJs(env, expected));
  setProperty(env, error, "found", toJs(env, found));
  return error;
}

std::string describe(napi_env env, napi_value value) {
  napi_valuetype type;
  check(env, napi_typeof(env, value, &type), "typeof");
  switch (type) {
  case napi_undefined:
    return "undefined";
  case napi_null:
    return "null";
  case napi_boolean:
    return "a boolean";
  case napi_string:
    return "a string";
  case napi_symbol:
    return "a symbol";
  case napi_function:
    return "a function";
  case napi_number:
  case napi_bigint: {
    napi_value text;
    check(env, napi_coerce_to_string(env, value, &text), "text of a number");
    return (type == napi_number ? "the number " : "the bigint ") + toString(env, text, "number");
  }
  default:
    return "an object";
  }
}

} // namespace tierlink
