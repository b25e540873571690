/* Constants that hold addresses: of functions, strings, other constants, elements, across files; none is ever copied. */
#include <stdio.h>
#include <string.h>
#include "commands.h"

static const int numbers[] = {10, 20, 30, 40};
static const int *const middle = &numbers[2];
static const int *const past = numbers + 4;
static const char *const words[] = {"alpha", "beta", "gamma"};
static const char *const *const last_word = &words[2];
static const struct command own[] = {{"first", help, &numbers[1], own + 1}, {"second", quit, numbers, own}};
static int mutable = 5;
int *const to_mutable = &mutable;
static const void *const self = &self;

int main(void) {
  for (const struct command *c = commands; c->name; c++) printf("%s %d %d\n", c->name, c->run(3), c->number ? *c->number : -1);
  printf("%d %td %s\n", *middle, past - middle, *last_word);
  printf("%s %d %d\n", own[0].next->name, own[1].next == own, own[0].run == commands[0].run);
  printf("%d %d\n", self == &self, commands[1].next == &commands[0]);
  *to_mutable = 9;
  printf("%d %d\n", mutable, *others_mutable == 77);
  *others_mutable = 1;
  printf("%d %s\n", commands[2].number ? *commands[2].number : 0, inside + 4);
  int sum = 0;
  for (int i = 0; i < 60000; i++) sum += commands[i % 3].run(i) % 7 + (int)strlen(words[i % 3]);
  printf("%d\n", sum);
  return 0;
}
