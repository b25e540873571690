/* Small types at the border of calls: sign and zero extension, bool, char, short, enums, generics, shifts, conversions. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "types.h"

#define kind(x) _Generic((x), int: "int", double: "double", char *: "text", unsigned char: "byte", default: "other")

int main(void) {
  printf("%d %d %d %d\n", narrow_s8(200), narrow_u8(300), narrow_s16(40000), narrow_u16(70000));
  printf("%d %d %d\n", is_odd(3), is_odd(4), truth(256));
  printf("%d %d\n", add_chars(100, 100), add_bytes(200, 100));
  printf("%d %u %lld\n", color_of(2), widen(-1), (long long)extend(-5));
  printf("%s %s %s %s %s\n", kind(1), kind(1.0), kind("x"), kind((unsigned char)1), kind(1L));
  int8_t (*narrow)(int) = narrow_s8;
  bool (*odd)(int) = is_odd;
  int sum = 0;
  for (int i = -1000; i < 1000; i++) sum += narrow(i) + odd(i) + narrow_u8(i) * (truth(i & 0xf00) ? 1 : -1);
  printf("%d\n", sum);
  printf("%d %d %u\n", (int)to_int(-3.9), (int)to_int(2147483000.5), to_unsigned(4000000000.0));
  printf("%.1f %.1f %.7f\n", from_unsigned(~0ULL), from_signed(INT64_MIN), (double)single(0.1));
  printf("%llx %x %d\n", (unsigned long long)rotate(0x0123456789abcdefULL, 20), __builtin_bswap32(0x12345678), __builtin_popcountll(rotate(255, 60)));
  printf("%d %d\n", many_small(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), -7 / 2 * 10 + -7 % 2);
  return 0;
}
