// Job: runs fork handlers of live engines only, as glibc can't take back what it has been given.
#include "fork_handlers.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <vector>

#include "arena.h"
#include "engine_state.h"
#include "entry.h"
#include "frames.h"
#include "load_llvm.h"

namespace tierlink {
namespace {

struct Registered {
  Engine *engine;
  ForkHandlers::Handler prepare, parent, child;
};

// Guarded by the threads lock.
std::vector<Registered> &registered() {
  static auto *list = new std::vector<Registered>;
  return *list;
}

std::vector<Registered> snapshot() {
  std::lock_guard<std::mutex> guard(Threads::lock());
  return registered();
}

void call(const Registered &one, ForkHandlers::Handler handler) {
  if (handler == nullptr)
    return;
  const Entry entry(*one.engine); // the forking thread may be any, also one of Node's
  if (!entry.refused())
    handler();
}

// The child has no control that could compile for it. Not for forks of the host, which run none of the
// program but its handlers.
bool compileForChild() {
  bool isInside = false;
  if (const ThreadRecord *thread = ThreadRecord::find()) {
    thread->forEachInside([&](Engine &engine) {
      engine.lazy().completeAll();
      isInside = true;
    });
  }
  return isInside;
}

// A pipe that ends when the child has copied what it needs, or has died. Guarded by the threads lock.
class ChildsCopy {
public:
  void expect() {
    if (pipe2(ends_, O_CLOEXEC) != 0)
      ends_[0] = ends_[1] = -1;
  }
  void await() {
    closeEnd(ends_[1]);
    char nothing = 0;
    while (ends_[0] >= 0 && read(ends_[0], &nothing, 1) < 0 && errno == EINTR) {
    }
    closeEnd(ends_[0]);
  }
  // The first makes room for a descriptor that the copying needs.
  void begin() { closeEnd(ends_[0]); }
  void end() { closeEnd(ends_[1]); }

private:
  static void closeEnd(int &end) {
    if (end >= 0)
      close(end);
    end = -1;
  }

  int ends_[2] = {-1, -1};
};

ChildsCopy childsCopy;
bool childRuns = false; // guarded by the threads lock

void beforeFork() {
  // First, as handlers may take locks of the program, and compiling takes its time.
  const bool isInside = compileForChild();
  const auto handlers = snapshot();
  for (auto one = handlers.rbegin(); one != handlers.rend(); ++one)
    call(*one, one->prepare);
  llvmLoadLock().lock();
  Frames::beforeFork();
  Arena::beforeFork();
  // Held across the fork, so that the child, which has only this thread, does not find it locked for ever;
  // and until the child has copied its code, as code is freed after a look at all threads, and patched, under
  // it.
  Threads::lock().lock();
  childRuns = isInside || !handlers.empty();
  if (childRuns)
    childsCopy.expect();
}

void inParent() {
  if (childRuns)
    childsCopy.await();
  Threads::lock().unlock();
  Arena::afterFork(Fork::Parent);
  Frames::afterFork(false);
  llvmLoadLock().unlock();
  for (const Registered &one : snapshot())
    call(one, one.parent);
}

void inChild() {
  childsCopy.begin();
  Arena::afterFork(childRuns ? Fork::ChildThatRuns : Fork::Child);
  childsCopy.end();
  Threads::lock().unlock();
  Frames::afterFork(true);
  llvmLoadLock().unlock();
  for (const Registered &one : snapshot())
    call(one, one.child);
}

} // namespace

int ForkHandlers::add(Engine &engine, Handler prepare, Handler parent, Handler child) {
  std::lock_guard<std::mutex> guard(Threads::lock());
  registered().push_back({&engine, prepare, parent, child});
  return 0;
}

void ForkHandlers::forget(Engine &engine) {
  std::lock_guard<std::mutex> guard(Threads::lock());
  std::erase_if(registered(), [&](const Registered &one) { return one.engine == &engine; });
}

void ForkHandlers::prepare() {
  static const bool once = [] { return pthread_atfork(beforeFork, inParent, inChild) == 0; }();
  (void)once;
}

} // namespace tierlink
