// Job: a call on another thread, whose result settles a promise.
#pragma once

#include <vector>

#include <node_api.h>

#include "calls.h"

namespace tierlink {

// Converts the arguments now and begins the call. Null with a pending exception if that fails.
napi_value callAsync(napi_env env, Target target, const std::vector<napi_value> &values);

} // namespace tierlink
