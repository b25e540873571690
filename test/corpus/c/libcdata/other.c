/* The same data seen from another file. */
#include <errno.h>
#include <stdio.h>

extern char **environ;

FILE *other_stdout(void) { return stdout; }
int other_errno(void) { return errno; }
int count_environ(void) {
  int n = 0;
  while (environ[n]) n++;
  return n;
}
