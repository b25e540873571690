/* Storage on the stack: arrays of variable length, alloca in loops, over-aligned locals, clean-up, large frames. */
#include <alloca.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int sum_matrix(int rows, int columns, int m[rows][columns]);

static int vla(int n) {
  int list[n];
  for (int i = 0; i < n; i++) list[i] = i * i;
  int sum = 0;
  for (int i = 0; i < n; i++) {
    int copy[i + 1];
    memcpy(copy, list, sizeof copy);
    sum += copy[i] + (int)sizeof copy;
  }
  return sum;
}

static int chain(int n) {
  struct node {
    struct node *next;
    int value;
  } *head = NULL;
  for (int i = 0; i < n; i++) {
    struct node *node = alloca(sizeof *node);
    node->next = head;
    node->value = i;
    head = node;
  }
  int sum = 0;
  for (; head; head = head->next) sum += head->value;
  return sum;
}

static int misaligned;
static int aligned(int n) {
  _Alignas(64) char line[64];
  _Alignas(256) int page[4] = {n, n, n, n};
  int plain[n];
  _Alignas(32) double wide[2] = {1, 2};
  misaligned += (uintptr_t)line % 64 != 0 || (uintptr_t)page % 256 != 0 || (uintptr_t)wide % 32 != 0;
  memset(line, n, sizeof line);
  for (int i = 0; i < n; i++) plain[i] = line[i] + page[i % 4];
  return plain[n - 1] + (int)wide[1];
}

static int cleaned;
static void clean(int *n) { cleaned += *n; }
static int scoped(int n) {
  int a __attribute__((cleanup(clean))) = n;
  for (int i = 0; i < 3; i++) {
    int b __attribute__((cleanup(clean))) = 100;
    if (i == n) return i;
  }
  return -1;
}

static int large(int n) {
  volatile char frame[200000];
  frame[n] = 1;
  frame[199999 - n] = 2;
  return frame[n] + frame[199999 - n];
}

int main(void) {
  printf("%d %d %d\n", vla(50), chain(100), aligned(7));
  int total = 0;
  for (int i = 1; i < 2000; i++) total += vla(i % 20 + 1) + chain(i % 30) + aligned(i % 60 + 1);
  printf("%d %d\n", total, misaligned);
  int early = scoped(1), late = scoped(9);
  printf("%d %d %d\n", early, late, cleaned);
  printf("%d\n", large(17));
  int rows = 3, columns = 4, m[rows][columns];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) m[i][j] = i * 10 + j;
  printf("%d %zu\n", sum_matrix(rows, columns, m), sizeof m);
  return 0;
}
