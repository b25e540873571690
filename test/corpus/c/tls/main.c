/* Thread-locals: initialised and zero, static and shared by files, aligned, per thread, with addresses that differ. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

_Thread_local int initialised = 7;
_Thread_local int zero;
static _Thread_local char text[32] = "fresh";
_Thread_local struct {
  long a[20];
} aligned __attribute__((aligned(64)));
extern _Thread_local int elsewhere;
int *elsewhere_address(void);
int bump(void);

struct seen {
  int n, initialised, zero, elsewhere, bumps, is_aligned, fresh;
  int *address;
};

static void *work(void *argument) {
  struct seen *seen = argument;
  seen->fresh = initialised == 7 && zero == 0 && text[0] == 'f' && elsewhere == 100;
  for (int i = 0; i < 1000 * seen->n; i++) {
    initialised += seen->n;
    zero++;
    elsewhere--;
    seen->bumps = bump();
    aligned.a[i % 20] += i;
  }
  snprintf(text, sizeof text, "thread %d", seen->n);
  seen->initialised = initialised;
  seen->zero = zero;
  seen->elsewhere = *elsewhere_address();
  seen->is_aligned = (uintptr_t)&aligned % 64 == 0;
  seen->address = &initialised;
  return text[7] - '0' == seen->n ? argument : NULL;
}

int main(void) {
  struct seen seen[3] = {{.n = 1}, {.n = 2}, {.n = 3}};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, work, &seen[i]);
  work(&seen[2]);
  for (int i = 0; i < 2; i++) {
    void *result;
    pthread_join(threads[i], &result);
    printf("%d\n", result == &seen[i]);
  }
  for (int i = 0; i < 3; i++)
    printf("%d %d %d %d %d %d\n", seen[i].fresh, seen[i].initialised, seen[i].zero, seen[i].elsewhere, seen[i].bumps, seen[i].is_aligned);
  printf("%d %d %d %s\n", initialised, zero, elsewhere, text);
  printf("%d\n", seen[2].address == &initialised && seen[0].address != &initialised);
  for (int i = 0; i < 100; i++) {
    struct seen once = {.n = 1};
    pthread_create(&threads[0], NULL, work, &once);
    pthread_join(threads[0], NULL);
    if (!once.fresh || once.bumps != 1000) puts("not fresh");
  }
  return 0;
}
