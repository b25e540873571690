#include "host_cpu.h"

#include <array>
#include <cpuid.h>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace tierlink {
namespace {

struct Leaf {
  uint32_t leaf, subleaf;
  /// Which of eax, ebx, ecx, edx hold features; the others may differ from core to core.
  std::array<bool, 4> holds;
};

// Intel SDM, CPUID; AMD APM 3, appendix E. Leaf 1: signature (eax) and features.
constexpr std::array<Leaf, 8> featureLeaves{{
    {1, 0, {true, false, true, true}},
    {7, 0, {false, true, true, true}},
    {7, 1, {true, true, true, true}},
    {0xd, 1, {true, false, false, false}},
    {0x19, 0, {false, true, false, false}},
    {0x24, 0, {false, true, false, false}},
    {0x80000001, 0, {false, false, true, true}},
    {0x80000008, 0, {false, true, false, false}},
}};

using Registers = std::array<uint32_t, 4>;

Registers query(uint32_t leaf, uint32_t subleaf) {
  Registers found{};
  // Leaves that the processor doesn't have read as zeros.
  __get_cpuid_count(leaf, subleaf, &found[0], &found[1], &found[2], &found[3]);
  return found;
}

/// What the kernel saves of wide registers: without it their instructions can't be used.
uint64_t enabledState() {
  constexpr uint32_t osxsave = 1U << 27;
  if ((query(1, 0)[2] & osxsave) == 0)
    return 0;
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

} // namespace

std::string hostCpuIdentity() {
  // FNV-1a
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](uint64_t word) {
    for (int byte = 0; byte < 8; byte++, word >>= 8)
      hash = (hash ^ (word & 0xff)) * 0x100000001b3;
  };
  for (const Leaf &leaf : featureLeaves) {
    const Registers found = query(leaf.leaf, leaf.subleaf);
    for (size_t i = 0; i < found.size(); i++)
      add(leaf.holds[i] ? found[i] : 0);
  }
  add(enabledState());
  const Registers first = query(0, 0);
  char vendor[13] = {};
  memcpy(vendor, &first[1], 4);
  memcpy(vendor + 4, &first[3], 4);
  memcpy(vendor + 8, &first[2], 4);
  char text[64];
  snprintf(text, sizeof text, "%s-%x-%016llx", vendor, query(1, 0)[0], static_cast<unsigned long long>(hash));
  return text;
}

} // namespace tierlink
