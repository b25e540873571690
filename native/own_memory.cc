#include "own_memory.h"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace tierlink {
namespace {

constexpr size_t pageBytes = 4096;
constexpr size_t wordsAtOnce = 8192;
constexpr size_t pagesAtOnce = 512;

// Of an entry of pagemap.
constexpr uint64_t presentOrSwapped = uint64_t{3} << 62;
constexpr uint64_t shared = uint64_t{1} << 61;

} // namespace

OwnMemory::OwnMemory()
    : words_(wordsAtOnce), pages_(pagesAtOnce), memory_(open("/proc/self/mem", O_RDONLY | O_CLOEXEC)),
      pagemap_(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}

OwnMemory::~OwnMemory() {
  close(memory_);
  close(pagemap_);
}

bool OwnMemory::lookAtPages(uintptr_t first, size_t count) {
  const size_t bytes = count * sizeof(uint64_t);
  return pread(pagemap_, pages_.data(), bytes, static_cast<off_t>(first * sizeof(uint64_t))) ==
         static_cast<ssize_t>(bytes);
}

bool OwnMemory::readTouched(uintptr_t low, uintptr_t high, const Each &each) {
  if (high <= low || !lookAtPages((high - 1) / pageBytes, 1) || (pages_[0] & presentOrSwapped) == 0 ||
      (pages_[0] & shared) != 0)
    return read(low, high, each);
  uintptr_t untilPage = (high - 1) / pageBytes + 1;
  const uintptr_t lowPage = low / pageBytes;
  uintptr_t runHigh = high; // from here down all was touched, as far as was looked
  while (untilPage > lowPage) {
    const size_t count = std::min<size_t>(pages_.size(), untilPage - lowPage);
    if (!lookAtPages(untilPage - count, count))
      return false;
    for (size_t index = count; index-- > 0;) {
      const uintptr_t page = untilPage - count + index;
      if ((pages_[index] & presentOrSwapped) != 0)
        continue;
      const uintptr_t above = (page + 1) * pageBytes;
      if (above < runHigh && !read(above, runHigh, each))
        return false;
      runHigh = page * pageBytes;
    }
    untilPage -= count;
  }
  return runHigh <= low || read(low, runHigh, each);
}

bool OwnMemory::read(uintptr_t low, uintptr_t high, const Each &each) {
  low = (low + 7) & ~uintptr_t{7};
  high &= ~uintptr_t{7};
  const uintptr_t top = high;
  for (bool byPage = false; high > low;) {
    const uintptr_t page = (high - 1) & ~uintptr_t{pageBytes - 1};
    const uintptr_t from =
        std::max(low, byPage ? page : high - std::min(wordsAtOnce * sizeof(uintptr_t), high - low));
    const size_t bytes = high - from;
    if (pread(memory_, words_.data(), bytes, static_cast<off_t>(from)) == static_cast<ssize_t>(bytes)) {
      const size_t words = bytes / sizeof(uintptr_t);
      each(words_.data(), words_.data() + words);
      high = from;
    } else if (byPage) {
      break;
    } else {
      byPage = true;
    }
  }
  return high < top;
}

} // namespace tierlink
