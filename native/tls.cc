// Job: answers __tls_get_addr for registered images, and passes everything else on to glibc.
#include "tls.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "thread_record.h"

extern "C" void *__tls_get_addr(tierlink::TlsIndex *);

namespace tierlink {
namespace {

struct Registered {
  Engine *engine; // null: the number is free
  TlsImage image;
};

// Guarded by the threads lock. Numbers are used again, so that the blocks of a thread stay a short array.
std::vector<Registered> &images() {
  static auto *list = new std::vector<Registered>;
  return *list;
}

// Numbers below the list's size that are free; guarded as it is.
std::vector<uint32_t> &freeNumbers() {
  static auto *list = new std::vector<uint32_t>;
  return *list;
}

void *outOfMemory() {
  // As in glibc: the caller has no way to be told.
  static const char message[] = "tierlink: no memory for a thread-local block\n";
  fwrite(message, 1, sizeof message - 1, stderr);
  abort();
}

void *makeBlock(const TlsImage &image) {
  const size_t alignment = std::max(image.alignment, sizeof(void *));
  const size_t bytes = (std::max<size_t>(image.memoryBytes, 1) + alignment - 1) / alignment * alignment;
  auto *block = static_cast<uint8_t *>(aligned_alloc(alignment, bytes));
  if (block == nullptr)
    return outOfMemory();
  if (image.fileBytes != 0)
    memcpy(block, image.initial, image.fileBytes);
  memset(block + image.fileBytes, 0, bytes - image.fileBytes);
  return block;
}

// The first use on this thread. Not async-signal-safe, as the first use of a library's thread-local isn't
// either.
__attribute__((noinline)) void *blockSlow(uint32_t number) {
  ThreadRecord &thread = ThreadRecord::here();
  std::lock_guard<std::mutex> guard(Threads::lock());
  if (number >= thread.tlsCount) {
    const uint32_t count = std::max<uint32_t>(static_cast<uint32_t>(images().size()), number + 1);
    void **grown = static_cast<void **>(realloc(thread.tlsBlocks, count * sizeof(void *)));
    if (grown == nullptr)
      return outOfMemory();
    std::fill(grown + thread.tlsCount, grown + count, nullptr);
    thread.tlsBlocks = grown;
    thread.tlsCount = count;
  }
  if (thread.tlsBlocks[number] == nullptr)
    thread.tlsBlocks[number] = makeBlock(images()[number].image);
  return thread.tlsBlocks[number];
}

// What only AVX-512 has. LLVM 22 keeps values there over calls of __tls_get_addr (the Defs of TLS_addr64
// leave these registers out), and what libc does to make or copy a block uses them.
class WideRegisters {
public:
  WideRegisters() {
    if (areThere())
      asm volatile(".irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
                   "vmovdqu64 %%zmm\\n, (\\n-16)*64(%0)\n"
                   ".endr\n"
                   ".irp n,0,1,2,3,4,5,6,7\n"
                   "kmovq %%k\\n, 1024+\\n*8(%0)\n"
                   ".endr" ::"r"(kept_)
                   : "memory");
  }
  ~WideRegisters() {
    if (areThere())
      asm volatile(".irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
                   "vmovdqu64 (\\n-16)*64(%0), %%zmm\\n\n"
                   ".endr\n"
                   ".irp n,0,1,2,3,4,5,6,7\n"
                   "kmovq 1024+\\n*8(%0), %%k\\n\n"
                   ".endr" ::"r"(kept_)
                   : "memory");
  }
  WideRegisters(const WideRegisters &) = delete;
  WideRegisters &operator=(const WideRegisters &) = delete;

private:
  static bool areThere() { return __builtin_cpu_supports("avx512bw") != 0; }

  alignas(64) uint8_t kept_[16 * 64 + 8 * 8];
};

} // namespace

uint64_t tlsRegister(Engine &engine, const TlsImage &image) {
  std::lock_guard<std::mutex> guard(Threads::lock());
  auto &list = images();
  auto &freed = freeNumbers();
  if (freed.empty()) {
    list.push_back({&engine, image});
    return tlsDescriptorTag | (list.size() - 1);
  }
  const uint32_t number = freed.back();
  freed.pop_back();
  list[number] = {&engine, image};
  return tlsDescriptorTag | number;
}

void tlsForget(Engine &engine, ThreadRecord &thread) {
  if (thread.tlsCount == 0)
    return;
  std::lock_guard<std::mutex> guard(Threads::lock());
  for (uint32_t number = 0; number < thread.tlsCount; ++number) {
    if (images()[number].engine == &engine)
      free(std::exchange(thread.tlsBlocks[number], nullptr));
  }
}

void tlsForget(Engine &engine) {
  std::lock_guard<std::mutex> guard(Threads::lock());
  auto &list = images();
  for (uint32_t number = 0; number < list.size(); ++number) {
    if (list[number].engine != &engine)
      continue;
    list[number].engine = nullptr;
    freeNumbers().push_back(number);
    for (ThreadRecord *thread : Threads::all()) {
      if (number >= thread->tlsCount)
        continue;
      // Safe because only code of this engine reads this entry without the lock, and no thread is inside it.
      free(thread->tlsBlocks[number]);
      thread->tlsBlocks[number] = nullptr;
    }
  }
}

} // namespace tierlink

extern "C" void *__tierlink_tls_get_addr(const tierlink::TlsIndex *index) {
  using namespace tierlink;
  if ((index->module & tlsDescriptorTag) == 0) {
    const WideRegisters kept;
    return __tls_get_addr(const_cast<TlsIndex *>(index));
  }
  const auto number = static_cast<uint32_t>(index->module);
  const ThreadRecord *thread = ThreadRecord::find();
  void *block = thread != nullptr && number < thread->tlsCount ? thread->tlsBlocks[number] : nullptr;
  if (__builtin_expect(block == nullptr, 0)) {
    const WideRegisters kept;
    block = blockSlow(number);
  }
  return static_cast<uint8_t *>(block) + index->offset;
}
