// Job: thread-local images of linked data objects, and this thread's block of each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tierlink {

class Engine;
struct ThreadRecord;

// The two words that general-dynamic code passes to __tls_get_addr; the compiler and glibc agree on this
// layout.
struct TlsIndex {
  uint64_t module;
  uint64_t offset;
};

struct TlsImage {
  const uint8_t *initial; // file bytes; the rest up to memoryBytes is zero
  size_t fileBytes;
  size_t memoryBytes;
  size_t alignment; // a power of two
};

// A descriptor takes the place of glibc's module id, which is a small number: bit 63 tells them apart.
constexpr uint64_t tlsDescriptorTag = uint64_t{1} << 63;

// Returns the descriptor of the image. It lasts until tlsForget.
uint64_t tlsRegister(Engine &engine, const TlsImage &image);

// Frees every thread's blocks for the images of an engine whose code no thread can run any more.
void tlsForget(Engine &engine);
// Frees those of one thread: the next use on it begins anew. On that thread.
void tlsForget(Engine &engine, ThreadRecord &thread);

} // namespace tierlink

// What compiled code calls as __tls_get_addr.
extern "C" void *__tierlink_tls_get_addr(const tierlink::TlsIndex *index);
