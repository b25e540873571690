/* A string literal's address stays the same for ever: kept in globals across calls, compared later. */
#include <stdio.h>
#include <string.h>

void keep(const char *text);
const char *kept(void);
const char *greeting(void);

static const char *first;
static const char *remembered[8];

static const char *literal(int i) {
  switch (i % 4) {
  case 0: return "zero";
  case 1: return "one";
  case 2: return "two";
  default: return "three\0hidden";
  }
}

static const char *function_name(void) { return __func__; }

int main(void) {
  first = greeting();
  for (int i = 0; i < 4; i++) remembered[i] = literal(i);
  int same = 0, named = 0;
  const char *name = function_name();
  for (int i = 0; i < 20000; i++) {
    same += remembered[i % 4] == literal(i) && first == greeting();
    named += name == function_name();
  }
  printf("%d %d %s\n", same, named, name);
  keep(literal(2));
  printf("%d %s\n", kept() == literal(2), kept());
  printf("%s %s\n", first, literal(3) + 6);
  const int *compound = (const int[]){1, 2, 3};
  static const char array[] = "array";
  printf("%d %zu %d\n", compound[2], sizeof array, array[5]);
  printf("%ls %d\n", L"wide", (int)strlen(u8"\u00e9"));
  return 0;
}
