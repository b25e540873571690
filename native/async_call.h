// Job: a call on a thread of its own, whose result settles a promise.
#pragma once

#include <vector>

#include <node_api.h>

#include "calls.h"

namespace tierlink {

// Converts the arguments now and starts the thread. Null with a pending exception if that fails.
napi_value callAsync(napi_env env, Target target, const std::vector<napi_value> &values);

} // namespace tierlink
