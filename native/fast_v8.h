// Job: the part of V8's own interface that Node-API has nothing for.
//
// V8's functions are looked up in the process, and its data is laid out as V8 11.3 (Node 20) and 12.4 (Node
// 22) do, so that neither headers nor another build for each Node are needed. Elsewhere there is none.
#pragma once

#include <cstddef>

#include <node_api.h>

#include "fast_signature.h"

namespace tierlink {

// A call that V8 makes the slow way.
class SlowCall {
public:
  explicit SlowCall(napi_env env) : env(env) {}
  virtual ~SlowCall() = default;
  SlowCall(const SlowCall &) = delete;
  SlowCall &operator=(const SlowCall &) = delete;

  // Returns the result, or null with a JS exception pending in Node-API. That passes by the handlers of a
  // function that V8 inlined the call into, so it is for what nobody can help only.
  virtual napi_value call(size_t count, const napi_value *values) = 0;

  const napi_env env;
};

// Whether V8 is one that is known.
bool knowsV8();
// A JS function, in a V8 that is known. It is there for as long as its context, so `slow` has to last until
// the environment ends. Null if V8 refuses.
napi_value makeFastFunction(const FastSignature &signature, const void *code, SlowCall &slow);

} // namespace tierlink
