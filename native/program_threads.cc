// Job: wraps start routines so that a new thread has its record before the program's first instruction on it.
#include "program_threads.h"

#include <dlfcn.h>
#include <mutex>
#include <string>

#include "engine_state.h"
#include "run.h"
#include "thread_record.h"
#include "thread_starts.h"

namespace tierlink {
namespace {

// What a new thread belongs to. Counts it from construction on; either the thread adopts it or the count is
// undone.
class Membership {
public:
  Membership(std::shared_ptr<Engine> engine, std::shared_ptr<Run> run)
      : engine_(std::move(engine)), run_(std::move(run)) {
    engine_->launching.fetch_add(1);
    if (run_ != nullptr)
      run_->threadAdded();
  }
  ~Membership() {
    if (engine_ == nullptr)
      return;
    engine_->launching.fetch_sub(1);
    if (run_ != nullptr)
      run_->threadRemoved();
  }
  Membership(Membership &&) = default;
  Membership &operator=(Membership &&) = delete;

  // On the new thread.
  void adopt() {
    ThreadRecord::here().adopt(ThreadRecord::Kind::Program, std::move(engine_), std::move(run_), nullptr);
  }
  static void end() {
    ThreadRecord &thread = ThreadRecord::here();
    // As glibc: thread-locals are destroyed before the destructors of keys run.
    thread.runDestructors(*thread.owner);
  }

private:
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<Run> run_;
};

std::shared_ptr<Run> runHere(Engine &engine) {
  ThreadRecord &thread = ThreadRecord::here();
  if (thread.run != nullptr)
    return thread.run;
  return thread.kind == ThreadRecord::Kind::Foreign && thread.current != nullptr ? nullptr
                                                                                 : engine.activeRun();
}

using Starts = ThreadStarts<Membership>;

std::mutex lastStartedMutex;

std::weak_ptr<Engine> &lastStarted() {
  static auto *engine = new std::weak_ptr<Engine>;
  return *engine;
}

} // namespace

void setLastStarted(const std::shared_ptr<Engine> &engine) {
  std::lock_guard<std::mutex> lock(lastStartedMutex);
  lastStarted() = engine;
}

std::shared_ptr<Engine> engineHere() {
  if (const ThreadRecord *thread = ThreadRecord::find(); thread != nullptr && thread->current != nullptr)
    return thread->current->shared_from_this();
  std::lock_guard<std::mutex> lock(lastStartedMutex);
  auto engine = lastStarted().lock();
  return engine != nullptr && engine->activeRun() != nullptr ? engine : nullptr;
}

int programPthreadCreate(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                         void *argument) {
  auto engine = engineHere();
  if (engine == nullptr)
    return pthread_create(thread, attributes, body, argument);
  auto run = runHere(*engine);
  return Starts::posix({std::move(engine), std::move(run)}, thread, attributes, body, argument);
}

int programThrdCreate(thrd_t *thread, thrd_start_t body, void *argument) {
  auto engine = engineHere();
  if (engine == nullptr)
    return thrd_create(thread, body, argument);
  auto run = runHere(*engine);
  return Starts::c11({std::move(engine), std::move(run)}, thread, body, argument);
}

void programStdThreadStart(std::thread *thread, std::unique_ptr<std::thread::_State> *state,
                           void (*depend)()) {
  auto engine = engineHere();
  if (engine == nullptr)
    return startStdThread(thread, state, depend);
  auto run = runHere(*engine);
  Starts::cxx({std::move(engine), std::move(run)}, thread, state, depend);
}

void startStdThread(std::thread *thread, std::unique_ptr<std::thread::_State> *state, void (*depend)()) {
  using Original = void (*)(std::thread *, std::unique_ptr<std::thread::_State> *, void (*)());
  static const auto original =
      reinterpret_cast<Original>(dlsym(RTLD_DEFAULT, std::string(stdThreadStart).c_str()));
  original(thread, state, depend);
}

} // namespace tierlink
