// Job: what one JS environment holds of an arena: buffers over parts of its regions.
#pragma once

#include <memory>
#include <vector>

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

  // An ArrayBuffer over the first bytes of a region's writable view. V8 counts them as memory in use, and
  // collects garbage the more often for it.
  napi_value buffer(RegionKind kind, size_t bytes);
  // Detaches the buffers. The memory is unmapped at once, or when the last engine has left it. Idempotent.
  void destroy();

private:
  const napi_env env_;
  std::shared_ptr<Arena> arena_;
  // All that were made, to be detached.
  std::vector<napi_ref> buffers_;
};

} // namespace tierlink
