/* The other side of every call by value. */
#include "shapes.h"

struct small make_small(int a, int b) { return (struct small){a, b}; }
struct mixed make_mixed(int i, double d) { return (struct mixed){i, d}; }
struct floats make_floats(float a, float b) { return (struct floats){a, b}; }
struct one make_one(char c) { return (struct one){c}; }
struct large make_large(int n) {
  struct large l;
  for (int i = 0; i < 16; i++) l.v[i] = i + n;
  l.n = n;
  return l;
}
struct large twist(struct large l, struct small s, struct mixed m, struct floats f, struct one o, int k) {
  for (int i = 0; i < 16; i++) l.v[i] += s.a * i + s.b + k;
  l.n += m.i + (int)m.d + (int)(f.a + f.b) + o.c;
  s.a = 0;
  return l;
}
int sum_large(struct large l) {
  int sum = l.n;
  for (int i = 0; i < 16; i++) {
    sum += l.v[i];
    l.v[i] = 0;
  }
  return sum;
}
double many(struct small a, struct mixed b, struct floats c, struct small d, struct mixed e, struct floats f, struct small g, struct mixed h,
            struct floats i, struct one j) {
  return a.a + b.i + c.a + d.b + e.d + f.b + g.a + h.d + i.a + j.c;
}
int accept_const(const struct small s) { return s.a * 10 + s.b; }
