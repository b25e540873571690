// Job: one thread that sleeps, looks, and ends the process.
#include "exit_watch.h"

#include <csignal>
#include <ctime>
#include <pthread.h>
#include <unistd.h>

#include "thread_record.h"

namespace tierlink {
namespace {

struct Watch {
  int status;
  uint32_t afterMs;
};

void *watch(void *data) {
  const Watch order = *static_cast<Watch *>(data);
  delete static_cast<Watch *>(data);
  timespec left = {order.afterMs / 1000, static_cast<long>(order.afterMs % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0) {
  }
  // Without fflush: the thread that is inside may hold a stream for ever.
  if (Threads::otherCallersInside())
    _exit(order.status);
  return nullptr;
}

} // namespace

bool watchExit(int status, uint32_t afterMs) {
  if (!Threads::otherCallersInside())
    return false;
  auto *order = new Watch{status, afterMs};
  // The thread inherits a full mask: no signal of the process is handled here.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool made = pthread_create(&thread, nullptr, watch, order) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (made)
    pthread_detach(thread);
  else
    delete order;
  return made;
}

} // namespace tierlink
