#include "trace.h"

static Trace plain("b plain");
inline Trace everywhere("inline");
__attribute__((init_priority(200))) static Trace early("b 200");
__attribute__((constructor(101))) static void hook() { puts("b hook 101"); }
__attribute__((destructor(101))) static void unhook() { puts("b unhook 101"); }
Trace &lazy();
static Trace &asked = lazy();

void use() {
  thread_local Trace local("thread-local of main's thread");
  static Trace trace("b local");
  printf("use %s %s %s\n", local.name, trace.name, asked.name);
}
