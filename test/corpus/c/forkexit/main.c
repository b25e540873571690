/* A child that leaves by exit: handlers run in both, text that was buffered before the fork comes twice. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *who = "parent";
static void handler(void) { printf("handler of the %s\n", who); }
__attribute__((destructor)) static void destroyed(void) { printf("destructor of the %s\n", who); }

static int work(int n) { return n < 2 ? n : work(n - 1) + work(n - 2); }

int main(void) {
  static char buffer[4096];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  atexit(handler);
  printf("buffered %d\n", work(15));
  pid_t child = fork();
  if (child == 0) {
    who = "child";
    printf("in the child %d\n", work(16));
    exit(6);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status %d, work %d\n", WEXITSTATUS(status), work(17));
  return 4;
}
