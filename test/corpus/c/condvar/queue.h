#include <pthread.h>

struct queue {
  pthread_mutex_t mutex;
  pthread_cond_t not_empty, not_full;
  int items[8], first, count;
};
#define QUEUE_INITIALIZER {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0}
void put(struct queue *queue, int item);
int take(struct queue *queue);
