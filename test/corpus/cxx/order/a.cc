#include "trace.h"

#include <cstdlib>

static Trace plain("a plain");
Trace second("a second");
__attribute__((init_priority(250))) static Trace between("a 250");
template <class T> struct Member { static Trace trace; };
template <class T> Trace Member<T>::trace("a member");
template struct Member<int>;
inline Trace everywhere("inline");

Trace &lazy() {
  static Trace trace("lazy");
  return trace;
}
static int counted = [] { atexit([] { puts("atexit: from a constructor"); }); return 1; }();
