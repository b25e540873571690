/* Exits where the other file does not expect it. */
#include <stdlib.h>

__attribute__((noreturn)) static void leave(int status) { exit(status); }
void deeper(int n) {
  if (n == 0) leave(23);
  deeper(n - 1);
}
