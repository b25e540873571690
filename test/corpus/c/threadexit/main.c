/* A second thread calls exit while main waits: handlers run, the status is the thread's. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void handler(void) { puts("handler"); }
static void *work(void *argument) {
  printf("thread %s\n", (const char *)argument);
  exit(17);
}

int main(void) {
  atexit(handler);
  pthread_t thread;
  pthread_create(&thread, NULL, work, "exits");
  for (;;) pause();
}
