#include "library_threads.h"

#include <dlfcn.h>
#include <link.h>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <string_view>
#include <utility>

#include "engine_state.h"
#include "got_redirect.h"
#include "program_threads.h"
#include "thread_record.h"
#include "thread_starts.h"

namespace tierlink {
namespace {

struct Visit {
  std::shared_ptr<Engine> engine;

  void adopt() {
    ThreadRecord &thread = ThreadRecord::here();
    std::lock_guard<std::mutex> guard(Threads::lock());
    if (!engine->closed())
      thread.visits = engine.get();
  }
  static void end() {}
};

using Starts = ThreadStarts<Visit>;

// Such a thread may make others.
std::shared_ptr<Engine> engineOfMaker() {
  if (const ThreadRecord *thread = ThreadRecord::find(); thread != nullptr && thread->current == nullptr) {
    std::lock_guard<std::mutex> guard(Threads::lock());
    if (thread->visits != nullptr)
      return std::const_pointer_cast<Engine>(thread->visits->weak_from_this().lock());
  }
  return engineHere();
}

int libraryPthreadCreate(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                         void *argument) {
  auto engine = engineOfMaker();
  return engine == nullptr ? pthread_create(thread, attributes, body, argument)
                           : Starts::posix({std::move(engine)}, thread, attributes, body, argument);
}

int libraryThrdCreate(thrd_t *thread, thrd_start_t body, void *argument) {
  auto engine = engineOfMaker();
  return engine == nullptr ? thrd_create(thread, body, argument)
                           : Starts::c11({std::move(engine)}, thread, body, argument);
}

void libraryStdThreadStart(std::thread *thread, std::unique_ptr<std::thread::_State> *state,
                           void (*depend)()) {
  if (auto engine = engineOfMaker())
    Starts::cxx({std::move(engine)}, thread, state, depend);
  else
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
