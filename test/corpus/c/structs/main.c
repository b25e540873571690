/* Structures by value, small in registers and large in memory, mixed classes, returned, through pointers, unions, bit-fields. */
#include <stdio.h>
#include "shapes.h"

static struct large make_local(int n) {
  struct large l = {{0}, n};
  for (int i = 0; i < 16; i++) l.v[i] = n * i;
  return l;
}

struct bits {
  unsigned a : 3, b : 7;
  int c : 5;
  unsigned long long d : 40;
};
struct __attribute__((packed)) tight {
  char c;
  int i;
  double d;
};
union cell {
  double d;
  long l;
  struct small s;
};

static union cell make_cell(long l) {
  union cell c = {.l = l};
  return c;
}

int main(void) {
  struct small s = make_small(1, 2);
  struct mixed m = make_mixed(3, 4.5);
  struct floats f = make_floats(1.5f, 2.5f);
  struct large l = make_large(5);
  struct one o = make_one('o');
  printf("%d %d %d %.1f %.1f %.1f %d %d %c\n", s.a, s.b, m.i, m.d, f.a, f.b, l.v[15], l.n, o.c);
  l = twist(l, s, m, f, o, 9);
  printf("%d %d %d\n", l.v[0], l.v[15], l.n);
  printf("%d %d\n", sum_large(make_local(3)), sum_large(make_large(2)));
  struct large (*maker)(int) = make_large;
  struct large (*table[])(int) = {make_large, make_local};
  printf("%d %d %d\n", maker(7).v[3], table[0](8).n, table[1](8).v[2]);
  struct bits b = {5, 100, -7, 1ULL << 39};
  b.b += 60;
  printf("%u %u %d %llu\n", b.a, b.b, b.c, (unsigned long long)b.d);
  struct tight t = {'t', 1 << 20, 0.125};
  printf("%c %d %.3f %zu\n", t.c, t.i, t.d, sizeof t);
  printf("%d %ld\n", make_cell(5L << 32 | 6).s.b, make_cell(77).l);
  printf("%.1f %d\n", many(s, m, f, s, m, f, s, m, f, o), accept_const((const struct small){4, 5}));
  long total = 0;
  for (int i = 0; i < 20000; i++) {
    l = twist(make_large(i % 10), make_small(i, 1), make_mixed(i, i), f, o, i % 3);
    total += l.v[i % 16] + l.n;
  }
  printf("%ld\n", total);
  return 0;
}
