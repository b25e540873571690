// Job: the thread-specific data keys a program made, so that their destructors run just when they should.
#pragma once

#include <mutex>
#include <pthread.h>
#include <vector>

namespace tierlink {

class ProgramKeys {
public:
  int create(pthread_key_t *key, void (*destructor)(void *));
  int remove(pthread_key_t key);

  // Forgets this thread's values. A native program that leaves main or calls exit runs no key destructors,
  // but here the thread that ran main ends.
  void clearHere();
  // Gives all keys back: their destructors are about to be unmapped.
  void removeAll();

private:
  std::mutex mutex_; // guards keys_
  std::vector<pthread_key_t> keys_;
};

} // namespace tierlink
