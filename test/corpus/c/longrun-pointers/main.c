/* Runs about a second: function pointers taken at the start are compared in each round with ones taken afresh in two files. */
#include <stdio.h>
#include <string.h>
#include "work.h"

static unsigned mix(unsigned n) { return n * 2654435761u ^ n >> 15; }
static work at_start[4], *place;
static char bytes[sizeof at_start];
unsigned (*global_pointer)(unsigned) = mix;

static void capture(work *to) {
  to[0] = mix;
  to[1] = turn;
  to[2] = from_table(1);
  to[3] = from_table(2);
}

int main(void) {
  capture(at_start);
  memcpy(bytes, at_start, sizeof bytes);
  place = at_start;
  unsigned value = 1, equal = 0, different = 0;
  work fresh[4];
  for (unsigned round = 0; round < 22000000; round++) {
    capture(fresh);
    for (int i = 0; i < 4; i++) {
      if (fresh[i] == at_start[i] && is_same(i, fresh[i])) equal++;
      else different++;
      value = (round & 1 ? place : fresh)[i](value);
    }
    if (global_pointer != mix || memcmp(fresh, bytes, sizeof bytes) != 0) different++;
  }
  printf("%u %u %u\n", equal, different, value);
  printf("%d %d\n", at_start[1] == turn, at_start[2] == at_start[3]);
  return 0;
}
