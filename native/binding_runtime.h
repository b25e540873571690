// Job: what the runtime's binding files share.
#pragma once

#include "binding_support.h"
#include "coded_error.h"
#include "engine_handle.h"

namespace tierlink {

// The engine of argument `index`, for what only control does; ENGINE_DISPOSED is thrown if it was destroyed.
std::shared_ptr<EngineHandle> openHandle(const Call &call, size_t index);
// The same for what any environment does that holds the engine.
std::shared_ptr<EngineHandle> callerHandle(const Call &call, size_t index);

// A library by the number libraryOpen gave for it; anything else is refused.
void *libraryArgument(uint64_t number);

napi_value toJsAddress(napi_env env, const void *address);
// A typed array with a copy of `count` elements.
napi_value toJsArray(napi_env env, napi_typedarray_type type, const void *data, size_t count,
                     size_t elementBytes);

// The exports of binding_memory.cc.
void registerMemory(napi_env env, napi_value exports);
// The exports of binding_lazy.cc.
void registerLazy(napi_env env, napi_value exports);
// The exports of binding_calls.cc.
void registerCalls(napi_env env, napi_value exports);
// The exports of binding_tools.cc.
void registerTools(napi_env env, napi_value exports);
// The exports of binding_callbacks.cc.
void registerCallbacks(napi_env env, napi_value exports);

} // namespace tierlink
