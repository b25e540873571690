/* Loops that become memset and memcpy. */
#include <stddef.h>

void fill(char *to, int c, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = (char)c;
}
void move(char *restrict to, const char *restrict from, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = from[i];
}
