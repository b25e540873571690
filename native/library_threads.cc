#include "library_threads.h"

#include <dlfcn.h>
#include <link.h>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <string_view>
#include <thread>
#include <threads.h>
#include <utility>

#include "engine_state.h"
#include "got_redirect.h"
#include "program_threads.h"
#include "thread_record.h"

namespace tierlink {
namespace {

// On a thread that was just made.
void visit(const Engine &engine) {
  ThreadRecord &thread = ThreadRecord::here();
  std::lock_guard<std::mutex> guard(Threads::lock());
  if (!engine.closed())
    thread.visits = &engine;
}

// Such a thread may make others.
std::shared_ptr<Engine> engineOfMaker() {
  if (const ThreadRecord *thread = ThreadRecord::find(); thread != nullptr && thread->current == nullptr) {
    std::lock_guard<std::mutex> guard(Threads::lock());
    if (thread->visits != nullptr)
      return std::const_pointer_cast<Engine>(thread->visits->weak_from_this().lock());
  }
  return engineHere();
}

template <class Body> struct Start {
  std::shared_ptr<Engine> engine;
  Body body;
  void *argument;
};

// No object with a destructor lives across the call of the body: pthread_exit may pass without unwinding.
template <class Body> Body begin(void *data, void **argument) {
  const std::unique_ptr<Start<Body>> start(static_cast<Start<Body> *>(data));
  visit(*start->engine);
  *argument = start->argument;
  return start->body;
}

using PosixBody = void *(*)(void *);

void *posixMain(void *data) {
  void *argument;
  return begin<PosixBody>(data, &argument)(argument);
}

int c11Main(void *data) {
  void *argument;
  return begin<thrd_start_t>(data, &argument)(argument);
}

int libraryPthreadCreate(pthread_t *thread, const pthread_attr_t *attributes, PosixBody body,
                         void *argument) {
  auto engine = engineOfMaker();
  if (engine == nullptr)
    return pthread_create(thread, attributes, body, argument);
  auto start = std::make_unique<Start<PosixBody>>(std::move(engine), body, argument);
  const int error = pthread_create(thread, attributes, posixMain, start.get());
  if (error == 0)
    (void)start.release();
  return error;
}

int libraryThrdCreate(thrd_t *thread, thrd_start_t body, void *argument) {
  auto engine = engineOfMaker();
  if (engine == nullptr)
    return thrd_create(thread, body, argument);
  auto start = std::make_unique<Start<thrd_start_t>>(std::move(engine), body, argument);
  const int error = thrd_create(thread, c11Main, start.get());
  if (error == thrd_success)
    (void)start.release();
  return error;
}

struct VisitingState final : std::thread::_State {
  VisitingState(std::shared_ptr<Engine> of, std::unique_ptr<_State> state)
      : engine(std::move(of)), inner(std::move(state)) {}

  void _M_run() override {
    visit(*std::exchange(engine, nullptr));
    inner->_M_run();
  }

  std::shared_ptr<Engine> engine;
  std::unique_ptr<_State> inner;
};

void libraryStdThreadStart(std::thread *thread, std::unique_ptr<std::thread::_State> *state,
                           void (*depend)()) {
  if (auto engine = engineOfMaker())
    *state = std::make_unique<VisitingState>(std::move(engine), std::move(*state));
  startStdThread(thread, state, depend);
}

void watchOne(const void *inside) {
  visitImports(inside, [](std::string_view name, void **entry) {
    if (name == "pthread_create")
      redirectImport(entry, reinterpret_cast<void *>(libraryPthreadCreate));
    else if (name == "thrd_create")
      redirectImport(entry, reinterpret_cast<void *>(libraryThrdCreate));
    else if (name == stdThreadStart)
      redirectImport(entry, reinterpret_cast<void *>(libraryStdThreadStart));
  });
}

} // namespace

std::set<const void *> loadedLibraries() {
  std::set<const void *> found;
  const auto add = [](dl_phdr_info *library, size_t, void *all) {
    for (size_t at = 0; at < library->dlpi_phnum; ++at)
      if (library->dlpi_phdr[at].p_type == PT_DYNAMIC)
        static_cast<std::set<const void *> *>(all)->insert(
            reinterpret_cast<const void *>(library->dlpi_addr + library->dlpi_phdr[at].p_vaddr));
    return 0;
  };
  dl_iterate_phdr(add, &found);
  return found;
}

void watchThreadsOf(void *handle, const std::set<const void *> &before) {
  const link_map *own = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &own) == 0)
    watchOne(own->l_ld);
  for (const void *library : loadedLibraries())
    if (!before.contains(library))
      watchOne(library);
}

} // namespace tierlink
