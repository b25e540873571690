// Job: lets compiled code call control on the JS thread that it runs on.
#pragma once

#include <memory>

#include <node_api.h>

#include "lazy_calls.h"
#include "thrown_js.h"

namespace tierlink {

// A JS callback that compiles. On its JS thread only.
class JsControl final : public InlineControl {
public:
  // Throws PendingJsException or BindingError.
  JsControl(napi_env env, napi_value callback);
  ~JsControl() override;
  JsControl(const JsControl &) = delete;
  JsControl &operator=(const JsControl &) = delete;

  std::shared_ptr<const LazyFailure> compile(uintptr_t slot) override;

private:
  napi_env env_;
  napi_ref callback_ = nullptr;
  // Whether the environment is there still; shared with what outlives this.
  std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);
};

} // namespace tierlink
