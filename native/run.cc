// Job: starts main, decides which thread ends the program, and reports how.
#include "run.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine_state.h"
#include "native_thread.h"
#include "thread_record.h"

namespace tierlink {
namespace {

// As the kernel would give a native program's main.
size_t mainStackBytes() {
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= (size_t{1} << 20) &&
      limit.rlim_cur <= (size_t{1} << 30))
    return limit.rlim_cur;
  return defaultStackBytes;
}

} // namespace

std::shared_ptr<Run> Run::start(const std::shared_ptr<Engine> &engine, const void *slot,
                                std::vector<std::string> arguments, Report report, std::string &failure) {
  auto run = std::make_shared<Run>();
  run->engine_ = engine;
  run->slot_ = slot;
  run->argc_ = static_cast<int>(arguments.size());
  run->argv_ = engine->keepArguments(std::move(arguments));
  run->report_ = std::move(report);
  run->starting_ = run;
  engine->setActiveRun(run);
  if (!startNativeThread(*engine, mainStackBytes(), threadMain, run.get(), failure)) {
    run->starting_.reset();
    return nullptr;
  }
  return run;
}

void *Run::threadMain(void *self) {
  auto *run = static_cast<Run *>(self);
  ThreadRecord &thread = ThreadRecord::here();
  thread.adopt(ThreadRecord::Kind::Main, run->engine_, std::move(run->starting_),
               [run](bool) { run->reportOnce(); });
  // Nothing on this frame needs a destructor: exit jumps and pthread_exit may pass without unwinding.
  tierlinkProtect(&run->frame_, callMain, run);
  run->finish(thread);
  run->engine_->keys.clearHere();
  return nullptr;
}

void Run::callMain(void *self) {
  auto *run = static_cast<Run *>(self);
  CallFrame frame = {};
  frame.general[0] = static_cast<uint64_t>(run->argc_);
  frame.general[1] = reinterpret_cast<uint64_t>(run->argv_);
  frame.general[2] = reinterpret_cast<uint64_t>(environ);
  tierlinkCall(loadSlot(run->slot_), &frame);
  const int status = static_cast<int>(frame.rax);
  ThreadRecord &thread = ThreadRecord::here();
  if (Threads::inForkedChild())
    exitForkedChild(*run->engine_, thread, status);
  if (run->claim(thread, {.exited = false, .status = status & 0xff}))
    runHandlers(run);
}

void Run::runHandlers(void *self) {
  auto *run = static_cast<Run *>(self);
  ThreadRecord::here().runDestructors(*run->engine_);
  run->engine_->exitHandlers.run(run->outcome_.status);
}

// True if this thread is the one to run the exit handlers. A thread that comes second waits for the first if
// it is main's, as main's stack must stay while handlers may look at it, and parks otherwise.
bool Run::claim(ThreadRecord &thread, Outcome outcome) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!finished_ && (ending_ == nullptr || ending_ == &thread)) {
    ending_ = &thread;
    outcome_ = outcome; // exit in an exit handler: the last status counts
    return true;
  }
  if (thread.kind == ThreadRecord::Kind::Main && thread.run.get() == this) {
    changed_.wait(lock, [&] { return finished_; });
    return false;
  }
  lock.unlock();
  thread.park(); // nothing of this object is used after that
}

void Run::finish(ThreadRecord &thread) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (ending_ == &thread)
    finished_ = true;
  changed_.notify_all();
}

void Run::exit(ThreadRecord &thread, int status) {
  if (claim(thread, {.exited = true, .status = status & 0xff}))
    runHandlers(this);
  if (thread.kind == ThreadRecord::Kind::Main && thread.run.get() == this)
    tierlinkLeave(&frame_);
  finish(thread);
  reportOnce();
  // Parking gives up the record's reference, perhaps the last; nothing of this object is used after that.
  thread.park();
}

void Run::mainEnding(ThreadRecord &thread) {
  {
    // Only pthread_exit in main comes here unfinished: the program then lives as long as one of its threads
    // does.
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return finished_ || (ending_ == nullptr && threads_ == 0); });
    if (finished_)
      return;
  }
  // exit in a handler needs a place to jump to; the one made by threadMain is gone.
  if (claim(thread, {.exited = true, .status = 0}))
    tierlinkProtect(&frame_, runHandlers, this);
  finish(thread);
}

bool Run::over() {
  std::lock_guard<std::mutex> lock(mutex_);
  return finished_;
}

void Run::threadAdded() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++threads_;
}

void Run::threadRemoved() {
  std::lock_guard<std::mutex> lock(mutex_);
  --threads_;
  changed_.notify_all();
}

void Run::reportOnce() {
  if (reported_.exchange(true) || Threads::inForkedChild())
    return;
  Outcome outcome;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    outcome = outcome_;
  }
  report_(outcome);
}

void Run::exitForkedChild(Engine &engine, ThreadRecord &thread, int status) {
  thread.runDestructors(engine);
  engine.exitHandlers.run(status);
  fflush(nullptr);
  _exit(status);
}

} // namespace tierlink
