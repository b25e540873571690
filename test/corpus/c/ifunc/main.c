/* Indirect functions: the resolver runs before main and once for each use, the address is one. */
#include <stdio.h>

static int plain(int n) { return n + 1; }
static int fast(int n) { return n + 2; }

static int (*resolve_pick(void))(int) { return sizeof(void *) == 8 ? fast : plain; }
int pick(int n) __attribute__((ifunc("resolve_pick")));

static int (*resolve_local(void))(int) { return plain; }
static int local(int n) __attribute__((ifunc("resolve_local")));

int call_pick(int n);
int (*pick_address(void))(int);
static int (*const stored)(int) = pick;

int main(void) {
  printf("%d %d %d\n", pick(1), local(1), call_pick(10));
  printf("%d %d\n", pick == pick_address(), stored == pick);
  int sum = 0;
  for (int i = 0; i < 1000; i++) sum += pick(i) - local(i);
  printf("%d %d\n", sum, stored(40));
  return 0;
}
