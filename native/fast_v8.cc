#include "fast_v8.h"

#include <cstdint>
#include <dlfcn.h>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tierlink {
namespace {

// What Node-API calls a value is V8's handle: the place where the value is.
using Handle = uintptr_t *;
struct Isolate;

// v8::FunctionCallbackInfo.
struct CallbackInfo {
  static constexpr int resultIndex = 3;
  static constexpr int dataIndex = 4;
  Handle implicit;
  Handle values;
  int32_t length;
};

// v8::CFunction.
struct CFunction {
  const void *address;
  const V8FunctionInfo *info;
};
struct V8 {
  const char *(*version)();
  Isolate *(*isolate)();
  Handle (*context)(Isolate *);
  Handle (*throwException)(Isolate *, Handle);
  Handle (*external)(Isolate *, void *);
  void *(*externalValue)(Handle);
  Handle (*functionTemplate)(Isolate *, void (*)(const CallbackInfo &), Handle data, Handle signature,
                             int length, int constructorBehavior, int sideEffects, const CFunction *,
                             uint16_t instanceType, uint16_t firstAllowed, uint16_t lastAllowed);
  Handle (*function)(Handle functionTemplate, Handle context);

  bool load() {
    const auto find = [](auto &function, const char *symbol) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(RTLD_DEFAULT, symbol));
      return function != nullptr;
    };
    if (!find(version, "_ZN2v82V810GetVersionEv"))
      return false;
    // Others who embed V8 build it in other ways.
    const std::string_view known = version();
    return (known.starts_with("11.3.") || known.starts_with("12.4.")) &&
           known.find("-node.") != std::string_view::npos && find(isolate, "_ZN2v87Isolate10GetCurrentEv") &&
           find(context, "_ZN2v87Isolate17GetCurrentContextEv") &&
           find(throwException, "_ZN2v87Isolate14ThrowExceptionENS_5LocalINS_5ValueEEE") &&
           find(external, "_ZN2v88External3NewEPNS_7IsolateEPv") &&
           find(externalValue, "_ZNK2v88External5ValueEv") &&
           find(
               functionTemplate,
               "_ZN2v816FunctionTemplate3NewEPNS_7IsolateEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEENS_"
               "5LocalIS4_EENSA_INS_9SignatureEEEiNS_19ConstructorBehaviorENS_14SideEffectTypeEPKNS_9CFunctionEt"
               "tt") &&
           find(function, "_ZN2v816FunctionTemplate11GetFunctionENS_5LocalINS_7ContextEEE");
  }
};

// Null if it is not known.
const V8 *v8() {
  static V8 functions;
  static const bool isKnown = functions.load();
  return isKnown ? &functions : nullptr;
}

void onSlowCall(const CallbackInfo &info) {
  auto &slow = *static_cast<SlowCall *>(v8()->externalValue(info.implicit + CallbackInfo::dataIndex));
  std::vector<napi_value> values(static_cast<size_t>(info.length));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = reinterpret_cast<napi_value>(info.values + i);
  const napi_value result = slow.call(values.size(), values.data());
  if (result != nullptr) {
    info.implicit[CallbackInfo::resultIndex] = *reinterpret_cast<Handle>(result);
    return;
  }
  // Node-API throws what is pending when a callback of its own returns; this is none.
  napi_value error;
  if (napi_get_and_clear_last_exception(slow.env, &error) == napi_ok)
    v8()->throwException(v8()->isolate(), reinterpret_cast<Handle>(error));
}

} // namespace

bool knowsV8() { return v8() != nullptr; }

napi_value makeFastFunction(const FastSignature &signature, const void *code, SlowCall &slow) {
  const V8 &engine = *v8();
  Isolate *isolate = engine.isolate();
  const CFunction function{code, &signature.info()};
  const Handle data = engine.external(isolate, &slow);
  constexpr int notConstructible = 0;
  constexpr int hasSideEffects = 0;
  const Handle made = engine.functionTemplate(isolate, onSlowCall, data, nullptr, signature.parameterCount(),
                                              notConstructible, hasSideEffects, &function, 0, 0, 0);
  return made == nullptr ? nullptr
                         : reinterpret_cast<napi_value>(engine.function(made, engine.context(isolate)));
}

} // namespace tierlink
