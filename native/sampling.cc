// Job: per-thread CPU-time timers and the SIGPROF handler that records where a thread is.
#include "sampling.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <mutex>
#include <ucontext.h>

#include "engine_state.h"
#include "signal_relay.h"
#include "thread_record.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid // glibc 2.36 has the field but not its name
#endif

namespace tierlink {
namespace {

void onTick(int signal, siginfo_t *info, void *context);

constinit SignalRelay relay(onTick);

void onTick(int signal, siginfo_t *info, void *context) {
  const int savedErrno = errno;
  // The record is passed with the timer: finding it by a thread-local would do, but this also tells our
  // timers apart. Safe because a thread blocks SIGPROF before its record is freed, so no late signal can
  // carry a dead pointer.
  ThreadRecord *self = ThreadRecord::find();
  if (info->si_code == SI_TIMER && self != nullptr && info->si_value.sival_ptr == self) {
    if (SampleRing *ring = self->samples.load(std::memory_order_relaxed))
      ring->push(static_cast<uint64_t>(static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_RIP]));
  } else {
    relay.passOn(signal, info, context);
  }
  errno = savedErrno;
}

uint64_t readNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Stays installed when sampling stops: a tick already on its way would otherwise end the process.
bool installHandler() { return relay.isFirst(SIGPROF) || relay.install(SIGPROF); }

} // namespace

std::vector<uint64_t> SampleRing::take() {
  std::vector<uint64_t> samples;
  const uint32_t next = next_.load(std::memory_order_acquire);
  uint32_t from = taken_;
  if (next - from > capacity)
    from = next - capacity;
  for (; from != next; ++from) {
    // Zero: a handler has claimed the cell but not filled it yet. That sample is lost, which sampling can
    // bear.
    if (const uint64_t at = cells_[from % capacity].exchange(0, std::memory_order_relaxed))
      samples.push_back(at);
  }
  taken_ = next;
  return samples;
}

bool Sampler::start(uint32_t intervalUs, std::string &failure) {
  std::lock_guard<std::mutex> guard(Threads::lock());
  if (!installHandler()) {
    failure = std::string("sigaction: ") + std::strerror(errno);
    return false;
  }
  if (ring_ == nullptr)
    ring_ = std::make_unique<SampleRing>();
  intervalUs_ = intervalUs;
  for (ThreadRecord *thread : Threads::all()) {
    if (thread->owner.get() != &engine_)
      continue;
    stopTimer(*thread);
    if (!startTimer(*thread)) {
      failure = std::string("timer_create: ") + std::strerror(errno);
      stopAll();
      return false;
    }
  }
  return true;
}

void Sampler::stop() {
  std::lock_guard<std::mutex> guard(Threads::lock());
  stopAll();
}

void Sampler::stopAll() {
  intervalUs_ = 0;
  for (ThreadRecord *thread : Threads::all()) {
    if (thread->owner.get() == &engine_)
      stopTimer(*thread);
  }
}

std::vector<uint64_t> Sampler::take() {
  std::lock_guard<std::mutex> guard(Threads::lock());
  return ring_ == nullptr ? std::vector<uint64_t>() : ring_->take();
}

void Sampler::attach(ThreadRecord &thread) {
  std::lock_guard<std::mutex> guard(Threads::lock());
  thread.cpuTimeBeforeNs = readNs(CLOCK_THREAD_CPUTIME_ID);
  thread.cpuTimeTaken = false;
  if (intervalUs_ != 0)
    startTimer(thread); // a thread that can't be sampled is still a thread that must run
}

void Sampler::detach(ThreadRecord &thread) {
  // On the thread itself: a tick that is pending stays so for ever and can't reach a freed record.
  sigset_t profiling;
  sigemptyset(&profiling);
  sigaddset(&profiling, SIGPROF);
  pthread_sigmask(SIG_BLOCK, &profiling, nullptr);
  std::lock_guard<std::mutex> guard(Threads::lock());
  stopTimer(thread);
  endedNs_ += readNs(CLOCK_THREAD_CPUTIME_ID) - thread.cpuTimeBeforeNs;
  thread.cpuTimeTaken = true;
}

uint64_t Sampler::cpuTimeNs() {
  std::lock_guard<std::mutex> guard(Threads::lock());
  uint64_t sum = endedNs_;
  for (ThreadRecord *thread : Threads::all()) {
    clockid_t clock;
    if (thread->owner.get() == &engine_ && !thread->cpuTimeTaken &&
        pthread_getcpuclockid(thread->thread, &clock) == 0)
      sum += readNs(clock) - thread->cpuTimeBeforeNs;
  }
  return sum;
}

bool Sampler::startTimer(ThreadRecord &thread) {
  clockid_t clock;
  if (const int error = pthread_getcpuclockid(thread.thread, &clock)) {
    errno = error;
    return false;
  }
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event.sigev_notify_thread_id = thread.tid;
  event.sigev_value.sival_ptr = &thread;
  if (timer_create(clock, &event, &thread.timer) != 0)
    return false;
  thread.timerSet = true;
  thread.samples.store(ring_.get(), std::memory_order_relaxed);
  itimerspec every = {};
  every.it_interval.tv_sec = intervalUs_ / 1000000;
  every.it_interval.tv_nsec = static_cast<long>(intervalUs_ % 1000000) * 1000;
  every.it_value = every.it_interval;
  return timer_settime(thread.timer, 0, &every, nullptr) == 0;
}

void Sampler::stopTimer(ThreadRecord &thread) {
  thread.samples.store(nullptr, std::memory_order_relaxed);
  if (!thread.timerSet)
    return;
  timer_delete(thread.timer);
  thread.timerSet = false;
}

} // namespace tierlink
