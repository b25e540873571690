/* Sets of letters. */
#include "regex.h"

int set_has(const uint32_t *set, unsigned char letter) { return (int)(set[letter >> 5] >> (letter & 31) & 1); }

void set_add(uint32_t *set, unsigned char from, unsigned char to) {
  for (unsigned letter = from; letter <= to; letter++) set[letter >> 5] |= 1u << (letter & 31);
}

void set_invert(uint32_t *set) {
  for (int word = 0; word < 8; word++) set[word] = ~set[word];
}
