// Job: wraps start routines so that a new thread has its record before the program's first instruction on it.
#include "program_threads.h"

#include <cstdint>
#include <dlfcn.h>
#include <mutex>
#include <new>
#include <string>

#include "engine_state.h"
#include "run.h"
#include "thread_record.h"

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
  Membership(const Membership &) = delete;
  Membership &operator=(const Membership &) = delete;

  // On the new thread.
  void adopt() {
    ThreadRecord::here().adopt(ThreadRecord::Kind::Program, std::move(engine_), std::move(run_), nullptr);
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

template <class Body> struct Start {
  Membership membership;
  Body body;
  void *argument;
};
using PosixStart = Start<void *(*)(void *)>;
using C11Start = Start<thrd_start_t>;

void endOfBody() {
  ThreadRecord &thread = ThreadRecord::here();
  // As glibc: thread-locals are destroyed before the destructors of keys run.
  thread.runDestructors(*thread.owner);
}

// No object with a destructor lives across the call of body in these: pthread_exit may pass without
// unwinding.
template <class Body> Body takeOver(Start<Body> *start, void **argument) {
  start->membership.adopt();
  const Body body = start->body;
  *argument = start->argument;
  delete start;
  return body;
}

void *posixMain(void *data) {
  void *argument;
  const auto body = takeOver(static_cast<PosixStart *>(data), &argument);
  void *result = body(argument);
  endOfBody();
  return result;
}

int c11Main(void *data) {
  void *argument;
  const auto body = takeOver(static_cast<C11Start *>(data), &argument);
  const int result = body(argument);
  endOfBody();
  return result;
}

// std::thread's start is inside libstdc++, which calls libc's pthread_create: so the state is wrapped
// instead.
struct WrappedState final : std::thread::_State {
  WrappedState(std::shared_ptr<Engine> engine, std::shared_ptr<Run> run, std::unique_ptr<_State> state)
      : membership(std::move(engine), std::move(run)), inner(std::move(state)) {}

  void _M_run() override {
    membership.adopt();
    inner->_M_run();
    inner.reset();
    endOfBody();
  }

  Membership membership;
  std::unique_ptr<_State> inner;
};

using StdThreadStart = void (*)(std::thread *, std::unique_ptr<std::thread::_State> *, void (*)());

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
  auto *start = new PosixStart{{std::move(engine), std::move(run)}, body, argument};
  const int error = pthread_create(thread, attributes, posixMain, start);
  if (error != 0)
    delete start;
  return error;
}

int programThrdCreate(thrd_t *thread, thrd_start_t body, void *argument) {
  auto engine = engineHere();
  if (engine == nullptr)
    return thrd_create(thread, body, argument);
  auto run = runHere(*engine);
  auto *start = new C11Start{{std::move(engine), std::move(run)}, body, argument};
  const int error = thrd_create(thread, c11Main, start);
  if (error != thrd_success)
    delete start;
  return error;
}

void programStdThreadStart(std::thread *thread, std::unique_ptr<std::thread::_State> *state,
                           void (*depend)()) {
  if (auto engine = engineHere()) {
    auto run = runHere(*engine);
    *state = std::make_unique<WrappedState>(std::move(engine), std::move(run), std::move(*state));
  }
  startStdThread(thread, state, depend);
}

void startStdThread(std::thread *thread, std::unique_ptr<std::thread::_State> *state, void (*depend)()) {
  static const auto original =
      reinterpret_cast<StdThreadStart>(dlsym(RTLD_DEFAULT, std::string(stdThreadStart).c_str()));
  original(thread, state, depend);
}

} // namespace tierlink
