#include "shared.h"

#include <cstdio>

void say(const std::string &text) { puts(text.c_str()); }

Traced &second() {
  static thread_local Traced local("second");
  return local;
}
