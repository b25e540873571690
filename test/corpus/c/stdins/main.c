/* Reads stdin in every way libc has: characters, lines, formats, blocks, pushed back, to the end. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void shout(char *line);

int main(void) {
  int first = getchar();
  ungetc(toupper(first), stdin);
  char line[64];
  if (!fgets(line, sizeof line, stdin)) return 1;
  shout(line);
  printf("line %s", line);
  int a, fields;
  double d;
  char word[16];
  fields = scanf("%d %lf %15s", &a, &d, word);
  printf("%d fields %d %.2f %s\n", fields, a, d, word);
  char *grown = NULL;
  size_t size = 0;
  ssize_t length = getline(&grown, &size, stdin);
  printf("rest of line %zd\n", length);
  while ((length = getline(&grown, &size, stdin)) > 0 && grown[0] != '.') {
    shout(grown);
    printf("%2zd %s", length, grown);
  }
  free(grown);
  char block[8];
  size_t total = 0, blocks = 0, n;
  while ((n = fread(block, 1, sizeof block, stdin)) > 0) {
    total += n;
    blocks++;
  }
  printf("%zu bytes in %zu blocks, end %d, error %d, again %d\n", total, blocks, feof(stdin) != 0, ferror(stdin) != 0, getchar());
  return 0;
}
