// Job: hands an arena's memory to JS and takes it back before it is unmapped.
#include "memory_handle.h"

#include "binding_support.h"

namespace tierlink {

// Runs when the handle is collected or the environment ends. The arena lives on while a buffer over it does,
// or an engine whose threads may run code in it.
MemoryHandle::~MemoryHandle() {
  for (napi_ref reference : buffers_)
    napi_delete_reference(env_, reference);
}

napi_value MemoryHandle::buffer(RegionKind kind, size_t bytes) {
  const Region &region = arena_->region(kind);
  napi_value buffer = nullptr;
  // The buffer keeps the memory mapped, should it outlive the handle.
  auto owner = std::make_unique<std::shared_ptr<Arena>>(arena_);
  check(env_,
        napi_create_external_arraybuffer(
            env_, region.writable, bytes,
            [](napi_env, void *, void *hint) { delete static_cast<std::shared_ptr<Arena> *>(hint); },
            owner.get(), &buffer),
        "external ArrayBuffer");
  (void)owner.release();
  napi_ref reference = nullptr;
  check(env_, napi_create_reference(env_, buffer, 1, &reference), "reference");
  buffers_.push_back(reference);
  return buffer;
}

void MemoryHandle::destroy() {
  if (arena_ == nullptr)
    return;
  for (napi_ref reference : buffers_) {
    napi_value buffer = nullptr;
    if (napi_get_reference_value(env_, reference, &buffer) == napi_ok && buffer != nullptr)
      napi_detach_arraybuffer(env_, buffer);
    napi_delete_reference(env_, reference);
  }
  buffers_.clear();
  arena_->giveUp();
  arena_.reset();
}

} // namespace tierlink
