/* setjmp and longjmp across files, through callbacks of libc, nested, with volatile locals. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include "jumps.h"

jmp_buf outer;
static jmp_buf stack[8];
static int depth;

static int compare(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  if (x == 13 || y == 13) longjmp(outer, 13);
  return x - y;
}

static int protect(int (*body)(int), int argument) {
  volatile int tries = 0;
  int code = setjmp(stack[depth++]);
  tries++;
  int result = code ? -code : body(argument);
  depth--;
  return result * 100 + tries;
}

void throw_code(int code) { longjmp(stack[depth - 1], code); }

static int inner(int n) { return n > 2 ? (throw_code(n), 0) : n; }
static int middle(int n) { return protect(inner, n) + protect(inner, n + 1); }

int main(void) {
  volatile int state = 1;
  int code = setjmp(outer);
  printf("code %d state %d\n", code, state);
  if (code < 4) {
    state += 10;
    descend(code + 1, 20);
  }
  if (setjmp(outer) == 0) {
    int list[] = {5, 3, 13, 8, 1};
    qsort(list, 5, sizeof *list, compare);
    puts("not reached");
  } else
    puts("left qsort");
  for (int i = 0; i < 5; i++) printf("%d ", protect(middle, i));
  printf("depth %d\n", depth);
  volatile long sum = 0;
  for (volatile int i = 0; i < 20000; i++) {
    int got = setjmp(outer);
    if (got == 0) descend(i % 100 + 1, i % 5);
    sum += got;
  }
  printf("sum %ld\n", sum);
  if (setjmp(outer) == 0) longjmp(outer, 0);
  puts("zero becomes one");
  return 0;
}
