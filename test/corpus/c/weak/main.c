/* Weak symbols: overridden by a strong one elsewhere, standing alone, undefined and checked for null. */
#include <stdio.h>

__attribute__((weak)) int overridden(void) { return 1; }
__attribute__((weak)) int alone(void) { return 2; }
__attribute__((weak)) int variable = 10;
__attribute__((weak)) int lonely = 20;
extern __attribute__((weak)) int absent(int);
extern __attribute__((weak)) int absent_variable;
extern __attribute__((weak)) int present(int);
extern __attribute__((weak)) double sqrt(double);
int others_view(void);
int *address_of_variable(void);
int (*address_of_overridden(void))(void);

static int (*const in_constant)(int) = absent;
static int (*in_data)(int) = present;

int main(void) {
  printf("%d %d %d\n", overridden(), alone(), others_view());
  printf("%d %d\n", variable, lonely);
  printf("%d %d\n", address_of_variable() == &variable, address_of_overridden() == overridden);
  printf("%d %d\n", absent == NULL, &absent_variable == NULL);
  printf("%d %d\n", in_constant == NULL, in_data == present);
  printf("%d\n", absent ? absent(1) : -1);
  printf("%d\n", present ? present(20) : -1);
  variable = 5;
  printf("%d\n", *address_of_variable());
  return 0;
}
