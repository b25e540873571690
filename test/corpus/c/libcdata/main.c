/* Data that lives in libc: environ, stdout, stderr, errno, optarg and its kin, program names, time zone. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;
FILE *other_stdout(void);
int other_errno(void);
int count_environ(void);
static FILE **const where = &stdout;

int main(int argc, char **argv) {
  int option;
  opterr = 0;
  while ((option = getopt(argc, argv, "ab:c:")) != -1) {
    if (option == '?') printf("unknown %c\n", optopt);
    else printf("%c %s %d\n", option, optarg ? optarg : "none", optind);
  }
  printf("rest %s %d of %d\n", optind < argc ? argv[optind] : "none", optind, argc);
  fprintf(stdout, "%d %d\n", stdout == other_stdout(), *where == stdout);
  errno = 0;
  int closed = close(-1);
  printf("%d %d %d\n", closed, errno == EBADF, other_errno() == EBADF);
  setenv("CORPUS_VARIABLE", "set by the program", 1);
  int found = 0;
  for (char **at = environ; *at; at++) found += strncmp(*at, "CORPUS_VARIABLE=", 16) == 0;
  printf("%d %s %d\n", found, getenv("CORPUS_VARIABLE"), count_environ() > 0);
  char *mine[] = {"ONLY=this", NULL}, **before = environ;
  environ = mine;
  printf("%d %s %s\n", count_environ(), getenv("ONLY"), getenv("CORPUS_VARIABLE") ? "still" : "gone");
  environ = before;
  FILE *saved = stdout;
  stdout = stderr;
  stdout = saved;
  puts("stdout again");
  optind = 1;
  printf("%d\n", getopt(argc, argv, "ab:c:"));
  return 0;
}
