/* Waits until it is interrupted: SIGINT has its default effect on a program that says nothing else. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  puts("ready");
  fflush(stdout);
  for (;;) sleep(1);
}
