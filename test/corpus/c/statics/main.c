/* Static variables: of the file, of functions, equal names in two files, addresses handed out. */
#include <stdio.h>

int bump(void);
int *where(void);
void fill(int value);
int total(void);

static int counter = 100;
static int table[4] = {1, 2, 3, 4};
static int zeroed[3];

static int next(void) {
  static int calls;
  static int step = 3;
  calls++;
  step += calls % 2;
  return counter += step;
}

static const char *name(int i) {
  static const char *const names[] = {"zero", "one", "two"};
  static char last[16];
  snprintf(last, sizeof last, "<%s>", names[i % 3]);
  return last;
}

static int once(void) {
  static int done;
  if (done) return 0;
  done = 1;
  return 1;
}

int main(void) {
  int firsts = 0;
  for (int i = 0; i < 1000; i++) {
    next();
    bump();
    firsts += once();
    zeroed[i % 3] += table[i % 4]++;
  }
  int bumped = bump();
  printf("%d %d %d\n", counter, bumped, firsts);
  printf("%d %d %d %d\n", table[0], table[3], zeroed[0], zeroed[2]);
  *where() = -5;
  printf("%d %d\n", bump(), where() == where());
  fill(7);
  printf("%d\n", total());
  const char *one = name(4);
  printf("%s ", one);
  printf("%d %s\n", one == name(5), one);
  return 0;
}
