/* Common symbols: tentative definitions in several files are one object, the largest and most aligned wins. */
#include <stdint.h>
#include <stdio.h>

int shared;
int sized[4];
char aligned_one;
int defined_elsewhere;
void set(int n);
int *shared_address(void);
int sum(void);

int main(void) {
  printf("%d %d\n", shared, sized[3]);
  set(5);
  printf("%d %d %d\n", shared, sized[3], defined_elsewhere);
  shared++;
  printf("%d %d\n", *shared_address(), &shared == shared_address());
  for (int i = 0; i < 4; i++) sized[i] += i;
  printf("%d\n", sum());
  printf("%d\n", (int)((uintptr_t)&aligned_one % 64));
  return 0;
}
