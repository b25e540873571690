/* The other side, compiled without sight of the callers. */
#include "types.h"

int8_t narrow_s8(int n) { return (int8_t)n; }
uint8_t narrow_u8(int n) { return (uint8_t)n; }
int16_t narrow_s16(int n) { return (int16_t)n; }
uint16_t narrow_u16(int n) { return (uint16_t)n; }
bool is_odd(int n) { return n & 1; }
bool truth(int n) { return n; }
signed char add_chars(signed char a, signed char b) { return (signed char)(a + b); }
unsigned char add_bytes(unsigned char a, unsigned char b) { return (unsigned char)(a + b); }
enum color color_of(int n) { return n == 0 ? RED : n == 1 ? GREEN : BLUE; }
uint32_t widen(int8_t n) { return (uint32_t)n; }
int64_t extend(int16_t n) { return n; }
long to_int(double d) { return (long)d; }
unsigned to_unsigned(double d) { return (unsigned)d; }
double from_unsigned(uint64_t n) { return (double)n; }
double from_signed(int64_t n) { return (double)n; }
float single(double d) { return (float)d; }
uint64_t rotate(uint64_t n, int by) { return n << by | n >> (64 - by); }
int many_small(char a, short b, bool c, unsigned char d, int8_t e, uint16_t f, char g, short h, unsigned char i, signed char j) {
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10;
}
