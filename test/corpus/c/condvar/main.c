/* Mutexes, condition variables, once, keys with destructors, a barrier: a queue between two threads. */
#include <pthread.h>
#include <stdio.h>
#include "queue.h"

static struct queue queue = QUEUE_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int made, destroyed;

static void destroy(void *value) { __atomic_fetch_add(&destroyed, *(int *)value, __ATOMIC_SEQ_CST); }
static void initialise(void) {
  made++;
  pthread_key_create(&key, destroy);
}

static void *producer(void *argument) {
  static int weight = 5;
  pthread_once(&once, initialise);
  pthread_setspecific(key, &weight);
  for (int i = 1; i <= *(int *)argument; i++) put(&queue, i);
  put(&queue, -1);
  return argument;
}

static void *returns(void *argument) {
  pthread_once(&once, initialise);
  pthread_setspecific(key, argument);
  pthread_exit((char *)argument + 1);
}

int main(void) {
  pthread_once(&once, initialise);
  int count = 5000;
  pthread_t thread;
  pthread_create(&thread, NULL, producer, &count);
  long sum = 0;
  for (int n; (n = take(&queue)) != -1;) sum = (sum * 3 + n) % 1000003;
  void *result;
  pthread_join(thread, &result);
  printf("%ld %d\n", sum, *(int *)result);
  int values[20];
  pthread_t threads[20];
  int right = 0;
  for (int i = 0; i < 20; i++) {
    values[i] = i;
    pthread_create(&threads[i], NULL, returns, &values[i]);
  }
  for (int i = 0; i < 20; i++) {
    pthread_join(threads[i], &result);
    right += result == (char *)&values[i] + 1;
  }
  printf("%d %d %d %d\n", right, made, destroyed, pthread_equal(pthread_self(), thread));
  return 0;
}
