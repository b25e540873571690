#include "shared.h"

#include <cstdio>

thread_local Traced first("first");
static thread_local char large[100000];

Traced::Traced(const char *name) : name(name) { say(this->name + " begins"); }
Traced::~Traced() { say(name + " ends"); }

int touch(int times) {
  for (int i = 0; i < times; i++) first.uses++;
  large[first.uses % sizeof large]++;
  return first.uses + large[0];
}
