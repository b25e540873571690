// Job: lets compiled code call control on the JS thread that it runs on.
#pragma once

#include <memory>

#include <node_api.h>

#include "lazy_calls.h"

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

// What the callback threw. Compiled code may keep it for as long as it likes, and on any thread.
class JsThrown {
public:
  // Null if Node refuses.
  static std::shared_ptr<const JsThrown> keep(napi_env env, napi_value value, std::shared_ptr<bool> isAlive);
  ~JsThrown();
  JsThrown(const JsThrown &) = delete;
  JsThrown &operator=(const JsThrown &) = delete;

  // The value; null on another thread or in another environment.
  napi_value value(napi_env env) const;

private:
  JsThrown(napi_env env, napi_ref holder, std::shared_ptr<bool> isAlive)
      : env_(env), holder_(holder), isAlive_(std::move(isAlive)) {}
  bool isHere() const { return pthread_equal(thread_, pthread_self()) != 0 && *isAlive_; }

  const napi_env env_;
  const napi_ref holder_; // an object, as only those can be referred to
  const pthread_t thread_ = pthread_self();
  const std::shared_ptr<bool> isAlive_; // read on that thread only
};

} // namespace tierlink
