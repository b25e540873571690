/* Callbacks that libc calls: qsort, bsearch, tree search, a thread's start, with functions of another file. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int by_value(const void *a, const void *b);
int by_name(const void *a, const void *b);
int comparisons(void);

struct person {
  char name[12];
  int age;
};

static int descending(const void *a, const void *b) { return by_value(b, a); }
static int visited;
static void visit(const void *node, VISIT order, int level) {
  (void)level;
  if (order == postorder || order == leaf) visited = visited * 31 % 1000003 + **(int *const *)node;
}

int main(void) {
  int list[1000];
  unsigned seed = 1;
  for (int i = 0; i < 1000; i++) list[i] = (int)((seed = seed * 1103515245 + 12345) >> 16 & 0x7fff);
  qsort(list, 1000, sizeof *list, by_value);
  int ordered = 1;
  for (int i = 1; i < 1000; i++) ordered &= list[i - 1] <= list[i];
  int *found = bsearch(&list[500], list, 1000, sizeof *list, by_value);
  int missing = -5;
  printf("%d %d %d\n", ordered, found && *found == list[500], bsearch(&missing, list, 1000, sizeof *list, by_value) == NULL);
  qsort(list, 1000, sizeof *list, descending);
  printf("%d %d %d\n", list[0] >= list[1], list[0] >= list[999], comparisons() > 10000);
  struct person people[] = {{"mia", 30}, {"ada", 36}, {"zoe", 19}, {"bob", 44}};
  qsort(people, 4, sizeof *people, by_name);
  for (int i = 0; i < 4; i++) printf("%s=%d ", people[i].name, people[i].age);
  printf("\n");
  void *root = NULL;
  for (int i = 0; i < 200; i++) tsearch(&list[i * 5], &root, by_value);
  twalk(root, visit);
  printf("%d\n", visited);
  int (*orders[])(const void *, const void *) = {by_value, descending};
  long sum = 0;
  for (int i = 0; i < 40; i++) {
    qsort(list, 1000, sizeof *list, orders[i % 2]);
    sum += list[i * 7];
  }
  printf("%ld\n", sum);
  return 0;
}
