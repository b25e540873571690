/* Counts what patterns match in lines of a log. */
#include "../passes.h"
#include "regex.h"
#include <stdio.h>
#include <stdlib.h>

enum { line_count = 2500, line_length = 96 };
static char lines[line_count][line_length];
static const char *const patterns[] = {
    "[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+", "(GET|POST|PUT) /[a-z/]*", "(a|b|ab)*c$", "user=[a-z]+[0-9]?",
    "^[^ ]+ .*error",                    "([a-z]+[0-9]+)+x",
};
enum { pattern_count = sizeof patterns / sizeof *patterns };
static struct node *parsed[pattern_count];

void prepare(void) {
  static const char *const verbs[] = {"GET", "POST", "PUT", "HEAD"}, *const ends[] = {"ok", "error", "ababbc", "denied"};
  uint32_t seed = 31;
  for (int line = 0; line < line_count; line++) {
    uint32_t one = next_random(&seed), two = next_random(&seed);
    snprintf(lines[line], line_length, "%u.%u.%u.%u %s /api/v%c/items user=ann%u took%ums %s", one & 255, one >> 8 & 255,
             one >> 16 & 255, one >> 24, verbs[two & 3], (int)('a' + (two >> 2 & 7)), two >> 5 & 63, two >> 12 & 511,
             ends[two >> 25 & 3]);
  }
  for (int at = 0; at < pattern_count; at++) parsed[at] = regex_parse(patterns[at]);
}

uint64_t pass(void) {
  uint64_t sum = 0;
  for (int at = 0; at < pattern_count; at++)
    for (int line = 0; line < line_count; line++) {
      int length = 0, found = regex_find(parsed[at], lines[line], &length);
      sum = mix(sum, (uint64_t)(found * 128 + length));
    }
  return sum;
}
