/* Memory and strings of libc by every usual function, and the builtins that compilers turn loops into. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fill(char *to, int c, size_t n);
void move(char *to, const char *from, size_t n);

static unsigned hash(const void *data, size_t n) {
  unsigned h = 2166136261u;
  for (size_t i = 0; i < n; i++) h = (h ^ ((const unsigned char *)data)[i]) * 16777619u;
  return h;
}

int main(void) {
  char *block = malloc(5000), copy[5000];
  fill(block, 'x', 5000);
  for (int i = 0; i < 5000; i += 7) block[i] = (char)(i % 127);
  move(copy, block, 5000);
  printf("%u %d\n", hash(copy, 5000), memcmp(copy, block, 5000));
  memmove(copy + 3, copy, 4000);
  memset(copy + 100, 0, 33);
  printf("%u %d\n", hash(copy, 5000), memcmp(copy, block, 5000) != 0);
  block = realloc(block, 100000);
  printf("%u\n", hash(block, 5000));
  free(block);
  int *zeros = calloc(1000, sizeof *zeros), sum = 0;
  for (int i = 0; i < 1000; i++) sum += zeros[i];
  free(zeros);
  void *aligned = NULL;
  printf("%d %d\n", sum, posix_memalign(&aligned, 4096, 100));
  free(aligned);
  char text[64] = "the quick brown fox", *rest, *save;
  printf("%zu %s %s %td\n", strlen(text), strchr(text, 'q'), strstr(text, "fox"), strrchr(text, 'o') - text);
  for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) printf("[%s]", w);
  printf("\n%ld %.3f %lu\n", strtol("-123abc", &rest, 10), strtod("2.5e3", NULL), strtoul("ff", NULL, 16));
  printf("%s %d %d\n", rest, strcmp("a", "b") < 0, strncmp("abcd", "abxx", 2));
  char *made = strdup("made"), joined[16] = "";
  strcat(strcpy(joined, made), "+");
  strncat(joined, "added", 3);
  printf("%s %zu\n", joined, strspn("aabbc", "ab"));
  free(made);
  return 0;
}
