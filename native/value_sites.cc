// Job: keeps the values that a site sees most, in eight cells. Compiled without vector registers
// (CMakeLists.txt), so that all registers can be kept at little cost; so it must call nothing.
#include "value_sites.h"

namespace tierlink {
namespace {

// Safe because cells are aligned words, and nothing but the profile depends on them: threads may lose each
// other's counts, or for a moment give one value another's count.
inline uint64_t load(const uint64_t &cell) { return __atomic_load_n(&cell, __ATOMIC_RELAXED); }
inline void store(uint64_t &cell, uint64_t word) { __atomic_store_n(&cell, word, __ATOMIC_RELAXED); }

inline void exchange(SeenValue &one, SeenValue &other) {
  const SeenValue first{load(one.value), load(one.count)};
  store(one.value, load(other.value));
  store(one.count, load(other.count));
  store(other.value, first.value);
  store(other.count, first.count);
}

inline void see(uint64_t value, SeenValue *site) {
  int rarest = 0;
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < seenValues; ++i) {
    const uint64_t count = load(site[i].count);
    if (count != 0 && load(site[i].value) == value) {
      store(site[i].count, count + 1);
      // The code itself counts the first one. Not exchanged again and again by two that are as frequent.
      if (i != 0 && count > 16 + (2 * load(site[0].count)))
        exchange(site[0], site[i]);
      return;
    }
    if (count < least) {
      least = count;
      rarest = i;
    }
  }
  // A value that comes again and again wears off one that does not, and takes its place.
  if (least > 1) {
    store(site[rarest].count, least - 1);
    return;
  }
  store(site[rarest].value, value);
  store(site[rarest].count, 1);
}

// As InstrProfGetRangeRepValue of LLVM's InstrProfData.inc: sizes from 9 on stand for a range unless they are
// a power of two.
inline uint64_t sizeClass(uint64_t size) {
  if (size <= 8 || (size <= 512 && (size & (size - 1)) == 0))
    return size;
  if (size > 512)
    return 513;
  return (uint64_t{1} << (63 - __builtin_clzll(size))) + 1;
}

} // namespace
} // namespace tierlink

extern "C" __attribute__((no_caller_saved_registers)) void
__tierlink_profile_target(uint64_t address, tierlink::SeenValue *site) {
  tierlink::see(address, site);
}

extern "C" __attribute__((no_caller_saved_registers)) void
__tierlink_profile_size(uint64_t size, tierlink::SeenValue *site) {
  tierlink::see(tierlink::sizeClass(size), site);
}
