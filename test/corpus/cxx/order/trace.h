#pragma once
#include <cstdio>
struct Trace {
  explicit Trace(const char *name) : name(name) { printf("+%s\n", name); }
  ~Trace() { printf("-%s\n", name); }
  const char *name;
};
