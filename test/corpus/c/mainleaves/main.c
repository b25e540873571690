/* main leaves by pthread_exit: the process goes on until its last thread ends, with status 0. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_t initial;
static void handler(void) { puts("handler"); }
static void *work(void *argument) {
  (void)argument;
  pthread_join(initial, NULL);
  puts("main has gone");
  return NULL;
}

int main(void) {
  initial = pthread_self();
  atexit(handler);
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  pthread_exit(NULL);
}
