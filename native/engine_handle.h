// Job: what one JS environment holds of an engine: buffers over its memory, the callback for requests.
#pragma once

#include <memory>

#include <node_api.h>

#include "engine_state.h"
#include "waker.h"

namespace tierlink {

// Lives on its JS thread only.
class EngineHandle {
public:
  static constexpr napi_type_tag typeTag{0x7469657221656e67, 0x96e2b1d03c5f4a88};

  EngineHandle(napi_env env, std::shared_ptr<Engine> engine) : env_(env), engine_(std::move(engine)) {}
  ~EngineHandle();
  EngineHandle(const EngineHandle &) = delete;
  EngineHandle &operator=(const EngineHandle &) = delete;

  const std::shared_ptr<Engine> &engine() const { return engine_; }

  // The ArrayBuffer over a region's writable view, the same one each time.
  napi_value buffer(RegionKind kind);
  void onRequests(napi_value wake);
  void keepAlive(bool keep);
  // Detaches the buffers and unmaps. False if a thread is inside.
  bool destroy();

private:
  void detachBuffers();

  const napi_env env_;
  const std::shared_ptr<Engine> engine_;
  napi_ref buffers_[3] = {};
  std::unique_ptr<Waker> waker_;
  bool keep_ = false;
};

} // namespace tierlink
