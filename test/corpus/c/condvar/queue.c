/* A queue of eight places. */
#include "queue.h"

void put(struct queue *queue, int item) {
  pthread_mutex_lock(&queue->mutex);
  while (queue->count == 8) pthread_cond_wait(&queue->not_full, &queue->mutex);
  queue->items[(queue->first + queue->count++) % 8] = item;
  pthread_cond_signal(&queue->not_empty);
  pthread_mutex_unlock(&queue->mutex);
}

int take(struct queue *queue) {
  pthread_mutex_lock(&queue->mutex);
  while (queue->count == 0) pthread_cond_wait(&queue->not_empty, &queue->mutex);
  int item = queue->items[queue->first];
  queue->first = (queue->first + 1) % 8;
  queue->count--;
  pthread_cond_signal(&queue->not_full);
  pthread_mutex_unlock(&queue->mutex);
  return item;
}
