/* fork: the child runs on with copies of all data and leaves by _exit; the parent waits and sees its status. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int state(void);
void change(int n);
static int own = 1;

int main(void) {
  int channel[2];
  if (pipe(channel)) return 1;
  printf("before\n");
  fflush(stdout);
  for (int i = 0; i < 3; i++) {
    pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
      change(i + 1);
      own += 10 * i;
      printf("child %d: %d %d\n", i, state(), own);
      fflush(stdout);
      char byte = (char)('a' + i);
      if (write(channel[1], &byte, 1) != 1) _exit(99);
      if (i == 2) abort();
      _exit(20 + i);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status)) printf("exited with %d\n", WEXITSTATUS(status));
    else printf("ended by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    fflush(stdout);
  }
  char bytes[4] = {0};
  if (read(channel[0], bytes, 3) != 3) return 1;
  printf("parent: %s %d %d\n", bytes, state(), own);
  return 0;
}
