// Job: what one JS environment holds of an arena: buffers over its regions.
#pragma once

#include <memory>

#include <node_api.h>

#include "arena.h"

namespace tierlink {

// Lives on its JS thread only.
class MemoryHandle {
public:
  static constexpr napi_type_tag typeTag{0x7469657221656d65, 0x5b0d9a4c71e83f26};

  MemoryHandle(napi_env env, std::shared_ptr<Arena> arena) : env_(env), arena_(std::move(arena)) {}
  ~MemoryHandle();
  MemoryHandle(const MemoryHandle &) = delete;
  MemoryHandle &operator=(const MemoryHandle &) = delete;

  // Null once destroyed.
  const std::shared_ptr<Arena> &arena() const { return arena_; }

  // The ArrayBuffer over a region's writable view, the same one each time.
  napi_value buffer(RegionKind kind);
  // Detaches the buffers. The memory is unmapped at once, or when the last engine has left it. Idempotent.
  void destroy();

private:
  const napi_env env_;
  std::shared_ptr<Arena> arena_;
  napi_ref buffers_[3] = {};
};

} // namespace tierlink
