// Job: what one JS environment holds of an engine: the controlling one, with the callback for requests, or
// one that only calls.
#pragma once

#include <memory>

#include <node_api.h>

#include "engine_state.h"
#include "js_control.h"
#include "waker.h"

namespace tierlink {

// Lives on its JS thread only.
class EngineHandle {
public:
  static constexpr napi_type_tag typeTag{0x7469657221656e67, 0x96e2b1d03c5f4a88};

  // Control: the environment that made the engine, links and publishes. Caller: it calls functions, no more.
  enum class Role : uint8_t { Control, Caller };

  EngineHandle(napi_env env, std::shared_ptr<Engine> engine, Role role)
      : env_(env), engine_(std::move(engine)), role_(role) {}
  ~EngineHandle();
  EngineHandle(const EngineHandle &) = delete;
  EngineHandle &operator=(const EngineHandle &) = delete;

  const std::shared_ptr<Engine> &engine() const { return engine_; }
  bool controls() const { return role_ == Role::Control; }
  // True once nothing that was bound for it may be called any more.
  std::shared_ptr<const bool> isEnded() const { return ended_; }
  void end() { *ended_ = true; }

  void onRequests(napi_value wake);
  // From now on `compile` serves lazy calls on this thread.
  void onLazyCall(napi_value compile);
  void keepAlive(bool keep);
  // False if a thread is inside.
  bool destroy();

private:
  bool closeOverWaiting();

  const napi_env env_;
  const std::shared_ptr<Engine> engine_;
  const Role role_;
  const std::shared_ptr<bool> ended_ = std::make_shared<bool>(false);
  std::unique_ptr<Waker> waker_;
  bool keep_ = false;
};

} // namespace tierlink
