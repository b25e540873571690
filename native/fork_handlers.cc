// Job: runs fork handlers of live engines only, as glibc can't take back what it has been given.
#include "fork_handlers.h"

#include <algorithm>
#include <pthread.h>
#include <vector>

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
// program.
void compileForChild() {
  if (const ThreadRecord *thread = ThreadRecord::find())
    thread->forEachInside([](Engine &engine) { engine.lazy().completeAll(); });
}

void beforeFork() {
  // First, as handlers may take locks of the program, and compiling takes its time.
  compileForChild();
  const auto handlers = snapshot();
  for (auto one = handlers.rbegin(); one != handlers.rend(); ++one)
    call(*one, one->prepare);
  llvmLoadLock().lock();
  Frames::beforeFork();
  // Held across the fork, so that the child, which has only this thread, does not find it locked for ever.
  Threads::lock().lock();
}

void inParent() {
  Threads::lock().unlock();
  Frames::afterFork(false);
  llvmLoadLock().unlock();
  for (const Registered &one : snapshot())
    call(one, one.parent);
}

void inChild() {
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
