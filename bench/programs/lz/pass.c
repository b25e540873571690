/* Compresses a text, expands it, and compares. */
#include "../passes.h"
#include "lz.h"
#include <stdlib.h>
#include <string.h>

enum { size = 900000 };
static uint8_t text[size], packed[size * 2], unpacked[size];

void prepare(void) {
  static const char *const words[] = {"slot ",   "version ", "publishes ", "the ",  "of ",     "a ",     "relocation ",
                                      "module ", "retired ", "loop ",      "when ", "counts ", "calls ", "is "};
  uint32_t seed = 5;
  for (size_t at = 0; at + 16 < size;) {
    uint32_t number = next_random(&seed);
    const char *word = words[number % (sizeof words / sizeof *words)];
    size_t length = strlen(word);
    memcpy(text + at, word, length);
    at += length;
    if ((number >> 20) % 7 == 0) text[at++] = (uint8_t)('0' + (number >> 24) % 10);
  }
}

uint64_t pass(void) {
  size_t length = compress(text, size, packed, sizeof packed);
  size_t back = expand(packed, length, unpacked, size);
  if (back != size || memcmp(text, unpacked, size) != 0) abort();
  uint64_t sum = length;
  for (size_t at = 0; at < length; at += 64) sum = mix(sum, packed[at]);
  return sum;
}
