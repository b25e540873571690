#include "builtins.h"

#include <cmath>
#include <cstdint>
#include <cstring>

// libgcc.a's own, for this library alone; their layout is the same in all versions of GCC and LLVM. A
// constructor has filled them.
extern "C" {
extern uint32_t __cpu_model[4];
extern uint32_t __cpu_features2[3];
int __cpu_indicator_init();
}

namespace tierlink {
namespace {

uint32_t bitsOf(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// A float rounded to odd: to be rounded once more, to the nearest of half as many bits, as if it had never
// been rounded (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", IEEE Transactions on
// Computers 57(4), 2008).
template <class Wide> uint32_t oddBits(Wide value) {
  const auto nearest = static_cast<float>(value);
  const uint32_t bits = bitsOf(nearest);
  if (static_cast<Wide>(nearest) == value || (bits & 1) == 1 || std::isnan(nearest))
    return bits;
  const Wide size = value < 0 ? -value : value;
  // Both neighbours are odd. What is beyond all floats lies below infinity.
  return static_cast<Wide>(std::fabs(nearest)) > size ? bits - 1 : bits + 1;
}

// As compiled code takes a bfloat: the low half of the first vector register.
template <class Wide> float toBfloat(Wide value) {
  uint32_t bits = oddBits(value);
  if (std::isnan(static_cast<float>(value)))
    bits |= 0x400000;
  else
    bits += 0x7fff + ((bits >> 16) & 1);
  bits >>= 16;
  float low = 0;
  std::memcpy(&low, &bits, sizeof low);
  return low;
}

// IEEE quadruple precision has no name of its own in standard C++.
using Quad = __float128;

struct Named {
  const char *name;
  const void *address;
};

template <class Function> const void *code(Function *function) {
  return reinterpret_cast<const void *>(function);
}

} // namespace

void *builtinSymbol(const std::string &name) {
  static const Named table[] = {
      {"__cpu_features2", &__cpu_features2},
      {"__cpu_indicator_init", code(__cpu_indicator_init)},
      {"__cpu_model", &__cpu_model},
      {"__truncdfbf2", code(toBfloat<double>)},
      {"__truncsfbf2", code(toBfloat<float>)},
      {"__trunctfbf2", code(toBfloat<Quad>)},
      {"__truncxfbf2", code(toBfloat<long double>)},
  };
  for (const Named &entry : table) {
    if (name == entry.name)
      return const_cast<void *>(entry.address);
  }
  return nullptr;
}

} // namespace tierlink
