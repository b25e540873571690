/* The value of main is the status, of which eight bits count; arguments arrive in argv, which ends in NULL. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv, char **environment) {
  for (int i = 1; i < argc; i++) printf("%d <%s>\n", i, argv[i]);
  printf("%d %d\n", argv[argc] == NULL, environment != NULL);
  argv[1][0] = 'X';
  printf("%s\n", argv[1]);
  return 256 * 3 + atoi(argv[argc - 1]);
}
