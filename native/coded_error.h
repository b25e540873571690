// Job: JS errors with a code and details, which TypeScript turns into its own.
#pragma once

#include <string>

#include <node_api.h>

namespace tierlink {

// An Error (or TypeError) with property `code`; not thrown.
napi_value makeError(napi_env env, const char *code, const std::string &message, bool typeError = false);

// ARGUMENT_INVALID with properties index, expected and found; not thrown.
napi_value makeArgumentError(napi_env env, const std::string &function, size_t index,
                             const std::string &expected, const std::string &found);

// RESULT_INVALID with properties expected and found; not thrown.
napi_value makeResultError(napi_env env, const std::string &function, const std::string &expected,
                           const std::string &found);

// A value in words, such as `the number 1.5` or `a string`.
std::string describe(napi_env env, napi_value value);

} // namespace tierlink
