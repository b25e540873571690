/* Some years of the solar system. */
#include "../passes.h"
#include "bodies.h"
#include <string.h>

static struct body bodies[body_count];

void prepare(void) { reset(bodies); }

uint64_t pass(void) {
  reset(bodies);
  for (int step = 0; step < 25000; step++) advance(bodies, 0.01);
  double left = energy(bodies);
  uint64_t bits;
  memcpy(&bits, &left, sizeof bits);
  return bits;
}
