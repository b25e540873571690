/* Computed goto: label tables in constants and in locals, differences of labels, labels kept in a static. */
#include <stdio.h>

enum { PUSH, ADD, MUL, DUP, SWAP, JNZ, DEC, HALT };

static long run(const int *code, long limit) {
  static const void *const table[] = {&&push, &&add, &&mul, &&dup, &&swap, &&jnz, &&dec, &&halt};
  long stack[16], *top = stack;
  const int *at = code;
  long steps = 0;
#define NEXT                                                                                                           \
  do {                                                                                                                 \
    if (++steps > limit) return -1;                                                                                    \
    goto *table[*at++];                                                                                                \
  } while (0)
  NEXT;
push: *top++ = *at++; NEXT;
add: top--; top[-1] += *top; NEXT;
mul: top--; top[-1] = top[-1] * *top % 1000003; NEXT;
dup: *top = top[-1]; top++; NEXT;
swap: { long t = top[-1]; top[-1] = top[-2]; top[-2] = t; } NEXT;
jnz: if (top[-1]) at = code + *at; else at++; NEXT;
dec: top[-1]--; NEXT;
halt: return top[-2] * 1000 + steps % 1000;
}

static int by_offsets(const char *word) {
  static const int offsets[] = {&&vowel - &&vowel, &&other - &&vowel, &&end - &&vowel};
  int vowels = 0, others = 0;
again:;
  int kind = *word == 0 ? 2 : (*word == 'a' || *word == 'e' || *word == 'i' || *word == 'o' || *word == 'u') ? 0 : 1;
  word++;
  goto *(&&vowel + offsets[kind]);
vowel: vowels++; goto again;
other: others++; goto again;
end: return vowels * 100 + others;
}

static int generator(int restart) {
  static void *resume;
  static int i;
  if (restart) resume = 0;
  if (resume) goto *resume;
  for (i = 0; i < 3; i++) {
    resume = &&inside;
    return i;
  inside:;
  }
  resume = &&after;
  return 100;
after:
  return -1;
}

int main(void) {
  const int factorial[] = {PUSH, 1, PUSH, 10, DUP, SWAP, JNZ, 9, HALT, HALT};
  const int loop[] = {PUSH, 1, PUSH, 50000, SWAP, PUSH, 3, MUL, PUSH, 7, ADD, SWAP, DEC, JNZ, 4, HALT};
  printf("%ld %ld %ld\n", run(factorial, 100), run(loop, 1000000), run(loop, 1000));
  printf("%d %d\n", by_offsets("education"), by_offsets(""));
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < 6; i++) printf("%d ", generator(i == 0));
  printf("\n");
  long sum = 0;
  for (int i = 0; i < 20; i++) sum += run(loop, 1000000) + by_offsets("a quick brown fox");
  printf("%ld\n", sum);
  return 0;
}
