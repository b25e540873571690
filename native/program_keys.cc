// Job: keeps track of a program's thread-specific data keys.
#include "program_keys.h"

namespace tierlink {

int ProgramKeys::create(pthread_key_t *key, void (*destructor)(void *)) {
  const int error = pthread_key_create(key, destructor);
  if (error == 0) {
    std::lock_guard<std::mutex> lock(mutex_);
    keys_.push_back(*key);
  }
  return error;
}

int ProgramKeys::remove(pthread_key_t key) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    std::erase(keys_, key);
  }
  return pthread_key_delete(key);
}

void ProgramKeys::clearHere() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (pthread_key_t key : keys_)
    pthread_setspecific(key, nullptr);
}

void ProgramKeys::removeAll() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (pthread_key_t key : keys_)
    pthread_key_delete(key);
  keys_.clear();
}

} // namespace tierlink
