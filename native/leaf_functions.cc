// Job: the string functions of libc that this processor gets, with their ends as unwind tables tell them.
#include "leaf_functions.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <dlfcn.h>

#include "frame_table.h"

// What libgcc has in unwind-dw2-fde.h, which is not installed.
struct dwarf_eh_bases {
  void *tbase;
  void *dbase;
  void *func;
};
extern "C" const void *_Unwind_Find_FDE(void *, dwarf_eh_bases *);

namespace tierlink {
namespace {

// Those that are known to do without a frame, so that the stack begins with where they return to.
constexpr std::array names{"memchr",    "memcmp",    "memcpy",  "memmove", "mempcpy", "memrchr",
                           "memset",    "rawmemchr", "stpcpy",  "stpncpy", "strcat",  "strchr",
                           "strchrnul", "strcmp",    "strcpy",  "strlen",  "strncat", "strncmp",
                           "strncpy",   "strnlen",   "strrchr", "wcslen",  "wmemset"};

std::array<AddressRange, names.size()> ranges;

// The function of a name: as dlsym gives it, the one that the processor was given of several. Empty if its
// end is not known.
AddressRange rangeOf(const char *name) {
  void *start = dlsym(RTLD_DEFAULT, name);
  dwarf_eh_bases bases{};
  const auto *entry =
      start == nullptr
          ? nullptr
          : static_cast<const uint8_t *>(_Unwind_Find_FDE(static_cast<char *>(start) + 1, &bases));
  if (entry == nullptr || bases.func != start)
    return {};
  // Of an entry as all compilers write them: length, way to the common part, function (from here), its bytes.
  int32_t distance;
  uint32_t bytes;
  memcpy(&distance, entry + 8, sizeof distance);
  memcpy(&bytes, entry + 12, sizeof bytes);
  const auto begin = reinterpret_cast<uintptr_t>(start);
  const bool isRead =
      reinterpret_cast<uintptr_t>(entry + 8) + static_cast<uintptr_t>(int64_t{distance}) == begin;
  return isRead ? AddressRange{begin, bytes} : AddressRange{};
}

} // namespace

void LeafFunctions::find() { std::ranges::transform(names, ranges.begin(), rangeOf); }

bool LeafFunctions::hold(uintptr_t address) {
  return std::ranges::any_of(ranges, [&](const AddressRange &one) {
    return address >= one.start && address - one.start < one.bytes;
  });
}

} // namespace tierlink
