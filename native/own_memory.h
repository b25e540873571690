// Job: reads this process's memory where it may be gone, without allocating.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace tierlink {

// What is read lies in a buffer of its own, and is valid until `each` returns.
class OwnMemory {
public:
  using Each = std::function<void(const uintptr_t *from, const uintptr_t *to)>;

  OwnMemory();
  ~OwnMemory();
  OwnMemory(const OwnMemory &) = delete;
  OwnMemory &operator=(const OwnMemory &) = delete;

  bool isOpen() const { return memory_ >= 0; }
  // Reads a stack from its high end down to what can't be read: a guard page, or what it has not grown to.
  // False if that is all of it.
  bool read(uintptr_t low, uintptr_t high, const Each &each);
  // The same, but for pages that were never touched: most of a thread's stack. Only of private memory can
  // that be told.
  bool readTouched(uintptr_t low, uintptr_t high, const Each &each);

private:
  bool lookAtPages(uintptr_t first, size_t count);

  std::vector<uintptr_t> words_;
  std::vector<uint64_t> pages_;
  const int memory_;
  const int pagemap_;
};

} // namespace tierlink
