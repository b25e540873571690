// Constructors by priority and module, destructors in the reverse order, functions given to atexit between them.
#include "trace.h"

#include <cstdlib>

static Trace plain("main plain");
__attribute__((init_priority(300))) static Trace late("main 300");
__attribute__((init_priority(200))) static Trace early("main 200");
__attribute__((constructor)) static void hook() { puts("main hook"); }
__attribute__((destructor)) static void unhook() { puts("main unhook"); }
__attribute__((constructor(150))) static void hook150() { puts("main hook 150"); }
__attribute__((destructor(150))) static void unhook150() { puts("main unhook 150"); }
void use();
Trace &lazy();

static void last() { puts("atexit: last"); }
static void first() {
  puts("atexit: first");
  static Trace inside("made at exit");
  atexit([] { puts("atexit: registered at exit"); });
}

int main() {
  atexit(last);
  lazy();
  use();
  atexit(first);
  static Trace local("main local");
  puts("main");
  std::exit(12);
}
