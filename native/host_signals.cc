// Job: changes the signal masks of other threads, each in a signal handler of its own.
#include "host_signals.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <mutex>
#include <sched.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "blocked_thread.h"
#include "stack_scan.h"
#include "thread_record.h"

namespace tierlink {
namespace {

// A thread that does not answer in this time does so when it runs again.
constexpr uint64_t patienceNs = 20'000'000;

std::atomic<bool> isClosed{false};
std::atomic<uint32_t> answered{0};

uint64_t now() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return static_cast<uint64_t>(at.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(at.tv_nsec);
}

// Not those that the kernel or libc need in every thread, that of V8's profiler, and our own.
bool isForProgram(int signal) {
  switch (signal) {
  case SIGABRT:
  case SIGBUS:
  case SIGFPE:
  case SIGILL:
  case SIGSEGV:
  case SIGTRAP:
  case SIGKILL:
  case SIGSTOP:
  case SIGPROF:
    return false;
  default:
    return signal <= SIGSYS || (signal >= SIGRTMIN && signal != threadSignal());
  }
}

bool isProgramThread(pid_t tid) {
  std::lock_guard<std::mutex> guard(Threads::lock());
  return std::ranges::any_of(Threads::all(), [tid](const ThreadRecord *thread) {
    return thread->tid == tid && (thread->kind != ThreadRecord::Kind::Foreign || thread->visits != nullptr);
  });
}

// Our own threads block all signals, and would never answer.
bool ask(pid_t tid) {
  if (isProgramThread(tid) || blocksSignal(tid, threadSignal()))
    return false;
  siginfo_t info = {};
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_value.sival_ptr = &isClosed;
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, threadSignal(), &info) == 0;
}

void askAll() {
  DIR *tasks = listenToThreadSignal() ? opendir("/proc/self/task") : nullptr;
  if (tasks == nullptr)
    return;
  answered.store(0, std::memory_order_relaxed);
  uint32_t asked = 0;
  while (const dirent *task = readdir(tasks)) {
    const auto tid = static_cast<pid_t>(strtol(task->d_name, nullptr, 10));
    asked += tid > 0 && ask(tid) ? 1 : 0;
  }
  closedir(tasks);
  const uint64_t deadline = now() + patienceNs;
  while (answered.load(std::memory_order_acquire) < asked && now() < deadline)
    sched_yield();
}

} // namespace

void HostSignals::close() {
  isClosed.store(true, std::memory_order_relaxed);
  askAll();
}

void HostSignals::open() {
  // What the program blocked and left pending would have gone with its process. This thread blocks it, too.
  sigset_t left;
  sigemptyset(&left);
  for (int signal = 1; signal <= 64; ++signal)
    if (isForProgram(signal))
      sigaddset(&left, signal);
  const timespec atOnce{};
  while (sigtimedwait(&left, nullptr, &atOnce) > 0) {
  }
  isClosed.store(false, std::memory_order_relaxed);
  askAll();
}

bool HostSignals::answer(const siginfo_t &info, void *context) {
  if (info.si_value.sival_ptr != &isClosed)
    return false;
  // What the thread goes on with after the handler. Safe because signals below 65 lie in the first 8 bytes:
  // the kernel's mask has no more.
  sigset_t &mask = static_cast<ucontext_t *>(context)->uc_sigmask;
  const bool blocks = isClosed.load(std::memory_order_relaxed);
  for (int signal = 1; signal <= 64; ++signal) {
    if (isForProgram(signal) && blocks)
      sigaddset(&mask, signal);
    else if (isForProgram(signal))
      sigdelset(&mask, signal);
  }
  answered.fetch_add(1, std::memory_order_release);
  return true;
}

} // namespace tierlink
