/* C11 atomics under two threads: every operation, of several sizes, a spin lock, turns taken by acquire and release. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { ROUNDS = 20000 };
static atomic_int added;
static _Atomic unsigned char small;
static atomic_long exchanged;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static long guarded;
extern _Atomic unsigned long shared;
void others_part(int n);
static atomic_int turn;
static int passed;
static _Atomic(int *) head;
static int cells[2] = {3, 4};

static void *work(void *argument) {
  int me = argument != NULL;
  for (int i = 0; i < ROUNDS; i++) {
    atomic_fetch_add(&added, 2);
    added--;
    small++;
    long expected = atomic_load(&exchanged);
    while (!atomic_compare_exchange_weak(&exchanged, &expected, expected + 3)) {
    }
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) {
    }
    guarded++;
    atomic_flag_clear_explicit(&lock, memory_order_release);
    others_part(i);
  }
  for (int i = 0; i < 100; i++) {
    while (atomic_load_explicit(&turn, memory_order_acquire) != me) sched_yield();
    passed = passed * 7 % 10007 + me + 1;
    atomic_store_explicit(&turn, !me, memory_order_release);
  }
  return NULL;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, cells);
  work(NULL);
  pthread_join(thread, NULL);
  printf("%d %d %ld %ld\n", added, small, exchanged, guarded);
  printf("%lu %d\n", shared, passed);
  int *none = NULL;
  int exchanged_first = atomic_compare_exchange_strong(&head, &none, &cells[0]);
  printf("%d %d\n", exchanged_first, *atomic_exchange(&head, &cells[1]));
  atomic_int bits = 0xf0;
  int before = atomic_fetch_or(&bits, 0x0f);
  atomic_fetch_and(&bits, 0x3c);
  atomic_fetch_xor(&bits, 0xff);
  printf("%x %x\n", (unsigned)before, (unsigned)bits);
  atomic_thread_fence(memory_order_seq_cst);
  printf("%d\n", atomic_is_lock_free(&added));
  return 0;
}
