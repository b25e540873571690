/* Jumps out of a deep recursion into another file's frame. */
#include "jumps.h"

static int entered;

int descend(int code, int levels) {
  char frame[64];
  for (int i = 0; i < 64; i++) frame[i] = (char)(levels + i);
  entered++;
  if (levels == 0) longjmp(outer, code);
  return descend(code, levels - 1) + frame[levels % 64];
}
