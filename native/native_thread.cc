// Job: thread attributes, signal mask and the launch count.
#include "native_thread.h"

#include <csignal>
#include <cstring>
#include <pthread.h>

#include "engine_state.h"

namespace tierlink {

bool startNativeThread(Engine &engine, size_t stackBytes, void *(*body)(void *), void *argument,
                       std::string &failure) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, stackBytes);
  // A program expects to start with no signal blocked, whatever the thread of Node that calls this has
  // blocked.
  sigset_t none;
  sigemptyset(&none);
  pthread_attr_setsigmask_np(&attributes, &none);
  engine.launching.fetch_add(1);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, body, argument);
  pthread_attr_destroy(&attributes);
  if (error == 0)
    return true;
  engine.launching.fetch_sub(1);
  failure = std::string("pthread_create: ") + std::strerror(error);
  return false;
}

} // namespace tierlink
