// Job: calls that V8 makes from optimised code straight into compiled code.
//
// Nothing on this road may run JS, or throw: V8 11 and 12 have left JS without a trace when they come here.
// So whoever can't go on, for whatever reason, sets V8's answer, and V8 makes the call once more the slow
// way, which is the road of Node-API. What went wrong in the middle of compiled code, which must not run
// twice, waits there. Nor may the slow way throw, see fast_v8.h: it tells JS of errors by a call.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include <node_api.h>

#include "calls.h"
#include "fast_signature.h"

namespace tierlink {

class EngineHandle;
struct Door;
struct FastTarget;

// What the code on the way knows by offsets: that of a signature and tierlinkFastCall.
struct FastState {
  Mutator *mutator;
  const Engine *engine;
  ThreadRecord *thread;
  const void *slot;
  const Door *door;
  FastSignature::Finish finish;
  const std::atomic<bool> *mayCallBack;
  uintptr_t trueValue; // as JS values are represented; V8 never moves these
  uintptr_t falseValue;
};
static_assert(offsetof(FastState, door) == 32 && offsetof(FastState, finish) == 40 &&
              offsetof(FastState, mayCallBack) == 48 && sizeof(std::atomic<bool>) == 1);

// Where V8 is known, the engine's threads can be asked without their help, and the signature fits: a JS
// function that V8 calls so. Null where not.
napi_value bindFast(napi_env env, Target target, const std::string &letters, const EngineHandle *owner,
                    napi_value failed);
// The functions that were bound for this handle here are dead from now on.
void endFast(const EngineHandle *owner);
// Whether a function takes the fast road now.
bool isFastOpen(Engine &engine, const void *slot);
// Whether a thread is within a fast call, not within one of Node-API that was made there.
bool isInFastCall(const ThreadRecord &thread);

} // namespace tierlink
