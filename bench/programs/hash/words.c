/* The text whose words are counted. */
#include "../passes.h"
#include "table.h"

size_t make_words(char *text, size_t length, const char **words, size_t most) {
  uint32_t seed = 4711;
  size_t at = 0, count = 0;
  while (count < most && at + 24 < length) {
    words[count++] = &text[at];
    // Few numbers come often, many seldom.
    uint32_t number = next_random(&seed) % (1u + next_random(&seed) % 9000u);
    do text[at++] = (char)('a' + number % 17);
    while ((number /= 5) != 0);
    text[at++] = 0;
  }
  return count;
}
