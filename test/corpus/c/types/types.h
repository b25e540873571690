#include <stdbool.h>
#include <stdint.h>

enum color { RED = 10, GREEN = 20, BLUE = -30 };
int8_t narrow_s8(int n);
uint8_t narrow_u8(int n);
int16_t narrow_s16(int n);
uint16_t narrow_u16(int n);
bool is_odd(int n);
bool truth(int n);
signed char add_chars(signed char a, signed char b);
unsigned char add_bytes(unsigned char a, unsigned char b);
enum color color_of(int n);
uint32_t widen(int8_t n);
int64_t extend(int16_t n);
long to_int(double d);
unsigned to_unsigned(double d);
double from_unsigned(uint64_t n);
double from_signed(int64_t n);
float single(double d);
uint64_t rotate(uint64_t n, int by);
int many_small(char a, short b, bool c, unsigned char d, int8_t e, uint16_t f, char g, short h, unsigned char i, signed char j);
