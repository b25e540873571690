/* Switches: jump tables, lookup tables, sparse ones, ranges, strings by hash, falling through, one inside a loop. */
#include <limits.h>
#include <stdio.h>

static int dense(int n) {
  switch (n) {
  case 0: return 5;
  case 1: return n * 3 + 7;
  case 2: n += 10; /* falls through */
  case 3: return n * n;
  case 4: return -n;
  case 5: return n << 4;
  case 6: return n ^ 0x55;
  case 7: return n % 3;
  case 8: return 1000 / n;
  case 9: return ~n;
  default: return -1;
  }
}

static const char *names(int n) {
  switch (n) {
  case 0: return "zero";
  case 1: return "one";
  case 2: return "two";
  case 3: return "three";
  case 4: return "four";
  case 5: return "five";
  }
  return "many";
}

static int sparse(long long n) {
  switch (n) {
  case -1000000: return 1;
  case 0: return 2;
  case 77: return 3;
  case 100000: return 4;
  case INT_MAX: return 5;
  case 1LL << 40: return 6;
  case LLONG_MIN: return 7;
  case 200 ... 299: return 8;
  }
  return 0;
}

static int machine(const char *text) {
  enum { START, NUMBER, WORD, SPACE } state = START;
  int numbers = 0, words = 0;
  for (; *text; text++) {
    switch (state) {
    case START:
    case SPACE:
      if (*text >= '0' && *text <= '9') state = NUMBER, numbers++;
      else if (*text != ' ') state = WORD, words++;
      break;
    case NUMBER:
    case WORD:
      if (*text == ' ') state = SPACE;
      break;
    }
  }
  return numbers * 10 + words;
}

static void copy(char *to, const char *from, int n) {
  int rounds = (n + 3) / 4;
  switch (n % 4) {
  case 0: do { *to++ = *from++;
  case 3: *to++ = *from++;
  case 2: *to++ = *from++;
  case 1: *to++ = *from++;
    } while (--rounds > 0);
  }
}

int main(void) {
  for (int i = -1; i < 11; i++) printf("%d:%s ", dense(i), names(i));
  printf("\n");
  long long probes[] = {-1000000, 0, 77, 100000, INT_MAX, 1LL << 40, LLONG_MIN, 200, 299, 300, 78};
  for (unsigned i = 0; i < sizeof probes / sizeof *probes; i++) printf("%d ", sparse(probes[i]));
  printf("\n%d\n", machine("12 apples and 3 pears 44"));
  char text[16] = {0};
  copy(text, "duff's device", 13);
  printf("%s\n", text);
  unsigned sum = 0;
  for (int i = 0; i < 200000; i++) sum = sum * 31 + (unsigned)dense(i % 12) + (unsigned)names(i % 7)[0] + (unsigned)sparse(i % 400);
  printf("%u\n", sum);
  return 0;
}
