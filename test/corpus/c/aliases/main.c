/* Aliases of functions and variables, strong and weak, static and across files: one object under several names. */
#include <stdio.h>

static int work(int n) {
  static int calls;
  return ++calls * 1000 + n;
}
int work_alias(int n) __attribute__((alias("work")));
int work_weak(int n) __attribute__((weak, alias("work")));
int numbers[4] = {1, 2, 3, 4};
extern int numbers_alias[4] __attribute__((alias("numbers")));
int public_work(int n) { return n * 2; }
extern __typeof(public_work) same_work __attribute__((alias("public_work")));

int elsewhere(int n);
int call_alias(int n);
int overridden_alias(int n);
int *numbers_from_there(void);
int (*alias_from_there(void))(int);

int main(void) {
  int direct = work(1), by_alias = work_alias(2), by_weak = work_weak(3), from_there = call_alias(4);
  printf("%d %d %d %d\n", direct, by_alias, by_weak, from_there);
  printf("%d %d\n", work_alias == work, alias_from_there() == work_alias);
  numbers_alias[2] = 30;
  numbers_from_there()[0] = 10;
  printf("%d %d %d\n", numbers[2], numbers_alias[0], numbers_from_there() == numbers);
  printf("%d %d\n", same_work(21), same_work == public_work);
  printf("%d %d\n", elsewhere(5), overridden_alias(5));
  return 0;
}
