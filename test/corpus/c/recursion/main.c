/* Recursion: deep, mutual across files, in tail position by musttail, through pointers. */
#include <stdio.h>

int is_odd(int n);
long ping(long n, long sum);
int is_even(int n) { return n == 0 ? 1 : is_odd(n - 1); }

static long depth(int n) { return n == 0 ? 0 : 1 + depth(n - 1); }
static int ackermann(int m, int n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }
static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static int (*self)(int) = fib;
static int indirect(int n) { return n < 2 ? n : self(n - 1) + self(n - 2); }
static long loop(long n, long sum) {
  if (n == 0) return sum;
  __attribute__((musttail)) return loop(n - 1, sum + n);
}
long pong(long n, long sum) {
  if (n == 0) return sum;
  __attribute__((musttail)) return ping(n - 1, sum * 3 % 1000003);
}
static void hanoi(int n, int from, int to, int *moves) {
  if (n == 0) return;
  hanoi(n - 1, from, 6 - from - to, moves);
  ++*moves;
  hanoi(n - 1, 6 - from - to, to, moves);
}

int main(void) {
  printf("%ld\n", depth(30000));
  printf("%d %d\n", is_even(20000), is_odd(20001));
  printf("%d %d\n", ackermann(2, 200), fib(22));
  self = indirect;
  printf("%d\n", indirect(18));
  printf("%ld\n", loop(3000000, 0));
  printf("%ld\n", ping(2000000, 1));
  int moves = 0;
  hanoi(16, 1, 3, &moves);
  printf("%d\n", moves);
  return 0;
}
