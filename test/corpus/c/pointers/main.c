/* A function's address is one, wherever and however it is taken; tables of functions across files. */
#include <stdio.h>
#include <string.h>
#include "ops.h"

static int local(int a, int b) { return a - b; }
static op chosen = local;
op exported = multiply;
op *const indirect = &exported;

static op pick(int i) { return i == 0 ? add : i == 1 ? multiply : local; }

int main(void) {
  int same = 0;
  for (int i = 0; i < op_count; i++) same += table[i].run == find(table[i].name);
  printf("%d of %d\n", same, op_count);
  printf("%d %d %d\n", add == table[0].run, add == from_other(), &add == add);
  printf("%d %d %d\n", *indirect == multiply, is_multiply(exported), is_multiply(add));
  printf("%d %d\n", chosen == local, keeps(local) == local);
  printf("%d %d\n", (void *)strlen == libc_strlen(), (void *)puts == (void *)printf);
  int value = 1;
  for (int i = 0; i < 300; i++) value = pick(i % 3)(value, i % 7 + 1) % 10007;
  printf("%d\n", value);
  op stored[3] = {add, multiply, local}, copied[3];
  memcpy(copied, stored, sizeof stored);
  printf("%d %d\n", memcmp(copied, stored, sizeof stored), copied[2](9, 4));
  exported = add;
  printf("%d %d\n", (*indirect)(2, 3), through(&exported, 20, 30));
  op (*chooser)(int) = pick;
  printf("%d %d\n", chooser(0) == add, chooser(2) == chosen);
  return 0;
}
