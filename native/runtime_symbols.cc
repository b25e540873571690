// Job: the functions behind those names; each acts for the engine whose code the calling thread runs.
// _exit, _Exit and abort are libc's own: they end the whole process at once, as they should.
#include "runtime_symbols.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <pthread.h>
#include <threads.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine_state.h"
#include "fiber_stacks.h"
#include "fork_handlers.h"
#include "lazy_entry.h"
#include "libraries.h"
#include "program_signals.h"
#include "program_threads.h"
#include "removed_function.h"
#include "ring.h"
#include "run.h"
#include "thread_record.h"
#include "tls.h"
#include "value_sites.h"

namespace tierlink {
namespace {

template <class Function> const void *code(Function *function) {
  return reinterpret_cast<const void *>(function);
}

// On a thread of a run this ends the run. In a call from JS there is no program to end but the process: that
// is what a native library that calls exit does to it.
[[noreturn]] void runtimeExit(int status) {
  ThreadRecord &thread = ThreadRecord::here();
  // Raw from here on: this frame is abandoned, and a reference held in it would never be dropped. Safe
  // because the thread is inside the engine, or the engine's program is running.
  Engine *engine = engineHere().get();
  if (engine == nullptr)
    exit(status);
  if (Threads::inForkedChild())
    Run::exitForkedChild(*engine, thread, status);
  // Such a thread joins the run that it ends; the record keeps the run alive while the thread is parked.
  if (thread.run == nullptr && (thread.kind != ThreadRecord::Kind::Foreign || thread.current == nullptr))
    thread.run = engine->activeRun();
  if (thread.run != nullptr)
    thread.run->exit(thread, status);
  thread.runDestructors(*engine);
  engine->exitHandlers.run(status);
  // Not libc's exit: it destroys Node's static objects while Node's threads still use them.
  fflush(nullptr);
  _exit(status);
}

[[noreturn]] void runtimeQuickExit(int status) {
  if (const auto engine = engineHere())
    engine->quickExitHandlers.run(status);
  _exit(status);
}

int runtimeAtexit(void (*function)()) {
  const auto engine = engineHere();
  if (engine == nullptr)
    return atexit(function);
  engine->exitHandlers.add(function);
  return 0;
}

int runtimeAtQuickExit(void (*function)()) {
  const auto engine = engineHere();
  if (engine == nullptr)
    return at_quick_exit(function);
  engine->quickExitHandlers.add(function);
  return 0;
}

int runtimeOnExit(void (*function)(int, void *), void *argument) {
  const auto engine = engineHere();
  if (engine == nullptr)
    return on_exit(function, argument);
  engine->exitHandlers.add(function, argument);
  return 0;
}

extern "C" int __cxa_atexit(void (*)(void *), void *, void *);
extern "C" void *__dso_handle;

int runtimeCxaAtexit(void (*function)(void *), void *argument, void *) {
  const auto engine = engineHere();
  if (engine == nullptr)
    return __cxa_atexit(function, argument, &__dso_handle);
  engine->exitHandlers.add(function, argument);
  return 0;
}

extern "C" int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);

// Not left to glibc, which would run them only when the thread ends: after the exit handlers instead of
// before them, and perhaps after the engine.
int runtimeCxaThreadAtexit(void (*function)(void *), void *argument, void *) {
  const auto engine = engineHere();
  if (engine == nullptr)
    return __cxa_thread_atexit_impl(function, argument, &__dso_handle);
  ThreadRecord::here().addDestructor(*engine, function, argument);
  return 0;
}

// A module's handlers run with its engine, never alone.
void runtimeCxaFinalize(void *) {}

int runtimeKeyCreate(pthread_key_t *key, void (*destructor)(void *)) {
  const auto engine = engineHere();
  return engine == nullptr ? pthread_key_create(key, destructor) : engine->keys.create(key, destructor);
}

int runtimeKeyDelete(pthread_key_t key) {
  const auto engine = engineHere();
  return engine == nullptr ? pthread_key_delete(key) : engine->keys.remove(key);
}

int runtimeTssCreate(tss_t *key, tss_dtor_t destructor) {
  return runtimeKeyCreate(key, destructor) == 0 ? thrd_success : thrd_error;
}

void runtimeTssDelete(tss_t key) { runtimeKeyDelete(key); }

int runtimeAtfork(void (*prepare)(), void (*parent)(), void (*child)()) {
  const auto engine = engineHere();
  if (engine == nullptr)
    return pthread_atfork(prepare, parent, child);
  // The host forks, too, and in its children nothing can be compiled.
  for (const auto handler : {prepare, parent, child})
    engine->lazy().prepare(code(handler));
  return ForkHandlers::add(*engine, prepare, parent, child);
}

// A handler may be called where nothing can be compiled: in the middle of control itself. So it is compiled
// now. What it calls in turn is asked for when it is called.
template <class Handler> void prepareHandler(int number, Handler handler) {
  ProgramSignals::claim(number);
  if (const auto engine = engineHere())
    engine->lazy().prepare(code(handler));
}

sighandler_t runtimeSignal(int number, sighandler_t handler) {
  prepareHandler(number, handler);
  return signal(number, handler);
}

sighandler_t runtimeSysvSignal(int number, sighandler_t handler) {
  prepareHandler(number, handler);
  return sysv_signal(number, handler);
}

int runtimeSigaction(int number, const struct sigaction *action, struct sigaction *previous) {
  // Both kinds of handler lie in one union.
  if (action != nullptr)
    prepareHandler(number, action->sa_handler);
  return sigaction(number, action, previous);
}

// In a native program with one thread, a signal that it sends itself is handled before kill returns. Here the
// process has Node's threads, too, and the kernel may choose one of those; so the signal goes to the caller.
int runtimeKill(pid_t process, int signal) {
  sigset_t blocked;
  bool isOwn = process == getpid() && signal > 0 && pthread_sigmask(SIG_SETMASK, nullptr, &blocked) == 0 &&
               sigismember(&blocked, signal) == 0;
  return isOwn ? tgkill(process, gettid(), signal) : kill(process, signal);
}

void *runtimeDlopen(const char *path, int flags) { return Libraries::openForProgram(path, flags); }

void runtimeAddStack(void *low, size_t bytes) {
  FiberStacks::add(engineHere().get(), reinterpret_cast<uintptr_t>(low), bytes);
}

void runtimeRemoveStack(void *low) { FiberStacks::remove(reinterpret_cast<uintptr_t>(low)); }

struct Named {
  std::string_view name;
  const void *address;
};

// What libc and libstdc++ call by themselves (err(3) calls exit) does not come here: see prepareExit.
void onProcessExit(int status, void *) {
  ThreadRecord *thread = ThreadRecord::find();
  if (thread == nullptr || thread->current == nullptr)
    return;
  Engine &engine = *thread->current;
  thread->runDestructors(engine);
  engine.exitHandlers.run(status);
}

} // namespace

// fiber_x86_64.S
extern "C" void tierlinkMakeContext();
extern "C" __attribute__((visibility("hidden"))) void tierlinkFiberMade(const ucontext_t *context) {
  runtimeAddStack(context->uc_stack.ss_sp, context->uc_stack.ss_size);
}

const void *runtimeSymbol(Engine &engine, std::string_view name) {
  static const Named table[] = {
      {"__cxa_atexit", code(runtimeCxaAtexit)},
      {"__cxa_finalize", code(runtimeCxaFinalize)},
      {"__cxa_thread_atexit", code(runtimeCxaThreadAtexit)},
      {"__cxa_thread_atexit_impl", code(runtimeCxaThreadAtexit)},
      {"__tierlink_removed", code(throwFunctionRemoved)},
      {"__tierlink_hot", code(__tierlink_hot)},
      {"__tierlink_reached", code(__tierlink_reached)},
      {"__tierlink_lazy", code(tierlinkLazyEntry)},
      {"__tierlink_profile_size", code(__tierlink_profile_size)},
      {"__tierlink_profile_target", code(__tierlink_profile_target)},
      {"__sysv_signal", code(runtimeSysvSignal)},
      {"__tls_get_addr", code(__tierlink_tls_get_addr)},
      {stdThreadStart, code(programStdThreadStart)},
      {"at_quick_exit", code(runtimeAtQuickExit)},
      {"atexit", code(runtimeAtexit)},
      {"dlopen", code(runtimeDlopen)},
      {"exit", code(runtimeExit)},
      {"kill", code(runtimeKill)},
      {"makecontext", code(tierlinkMakeContext)},
      {"on_exit", code(runtimeOnExit)},
      {"pthread_atfork", code(runtimeAtfork)},
      {"pthread_create", code(programPthreadCreate)},
      {"pthread_key_create", code(runtimeKeyCreate)},
      {"pthread_key_delete", code(runtimeKeyDelete)},
      {"quick_exit", code(runtimeQuickExit)},
      {"sigaction", code(runtimeSigaction)},
      {"signal", code(runtimeSignal)},
      {"ssignal", code(runtimeSignal)},
      {"sysv_signal", code(runtimeSysvSignal)},
      {"thrd_create", code(programThrdCreate)},
      {"tierlink_add_stack", code(runtimeAddStack)},
      {"tierlink_remove_stack", code(runtimeRemoveStack)},
      {"tss_create", code(runtimeTssCreate)},
      {"tss_delete", code(runtimeTssDelete)},
  };
  if (name == "__tierlink_ring")
    return &engine.ring();
  if (name == "__dso_handle" || name == "__tierlink_engine")
    return &engine;
  for (const Named &entry : table) {
    if (entry.name == name)
      return entry.address;
  }
  return nullptr;
}

void prepareExit() {
  static const bool once = [] { return on_exit(onProcessExit, nullptr) == 0; }();
  (void)once;
}

} // namespace tierlink
