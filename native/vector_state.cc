// Job: which parts of the vector state lazy_entry_x86_64.S has to keep on this processor, and their size.
#include <algorithm>
#include <cpuid.h>
#include <cstdint>

// Read by lazy_entry_x86_64.S. Mask for XSAVE, 0 if the processor has only FXSAVE; bytes, a multiple of 64.
extern "C" {
[[gnu::visibility("hidden")]] extern const uint32_t tierlinkVectorMask;
[[gnu::visibility("hidden")]] extern const uint32_t tierlinkVectorBytes;
}

namespace {

constexpr uint32_t legacyBytes = 512;
constexpr uint32_t headerBytes = 64;
// SSE, upper halves of ymm, mask registers, upper halves of zmm0-15, zmm16-31. The x87 stack is empty at a
// call.
constexpr uint32_t wantedParts = 1u << 1 | 1u << 2 | 1u << 5 | 1u << 6 | 1u << 7;

uint32_t mask() noexcept {
  uint32_t eax, ebx, ecx, edx;
  // OSXSAVE: the kernel has enabled it.
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & bit_OSXSAVE) == 0)
    return 0;
  uint32_t enabled, high;
  __asm__("xgetbv" : "=a"(enabled), "=d"(high) : "c"(0));
  return enabled & wantedParts;
}

// Each part has its place in the standard form, whichever others are saved.
uint32_t bytes(uint32_t parts) noexcept {
  uint32_t end = legacyBytes + (parts == 0 ? 0 : headerBytes);
  for (uint32_t part = 2; part < 32; ++part) {
    uint32_t size, offset, ecx, edx;
    if ((parts >> part & 1) != 0 && __get_cpuid_count(0xd, part, &size, &offset, &ecx, &edx) != 0)
      end = std::max(end, offset + size);
  }
  return (end + 63) & ~63u;
}

} // namespace

// Initialised when the addon is loaded, before there is an engine.
const uint32_t tierlinkVectorMask = mask();
const uint32_t tierlinkVectorBytes = bytes(tierlinkVectorMask);
