// Job: asks each thread for its registers and stack: a running one by a signal, a waiting one by /proc.
//
// Why not polls in compiled code: they cost a load and a branch in every loop, and a thread that is inside
// libc would not reach one. Why not signals alone: a handler makes some system calls (poll, nanosleep ...)
// return EINTR even with SA_RESTART. So a thread that waits is left alone and its stack is read from outside.
#include "stack_scan.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <linux/futex.h>
#include <mutex>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine_state.h"
#include "host_signals.h"
#include "signal_relay.h"
#include "thread_record.h"

namespace tierlink {
namespace {

// How long a running thread may take to answer before it is left alone, in nanoseconds. One that has blocked
// the signal, or gets no processor, is asked again at the next scan.
constexpr uint64_t patienceNs = 3'000'000;
constexpr size_t redZoneBytes = 128;
constexpr int looksAtBlocked = 3;

uint64_t now() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return static_cast<uint64_t>(at.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(at.tv_nsec);
}

void futex(std::atomic<uint32_t> &word, int operation, uint32_t value) {
  syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

// A thread that was running when it was asked may have entered a system call since. If the kernel ended that
// for our signal, it is made again: the instruction pair `mov $number, %eax; syscall` of libc's wrappers is
// still there, and the arguments are still in their registers. It has waited for microseconds only, so a
// relative time-out is not stretched by more.
void repeatSystemCall(ucontext_t &context) {
  auto &registers = context.uc_mcontext.gregs;
  if (registers[REG_RAX] != -EINTR)
    return;
  const auto *after = reinterpret_cast<const uint8_t *>(registers[REG_RIP]);
  constexpr uint8_t moveToEax = 0xb8;
  // Safe because code just ran here, and wrappers are longer than 7 bytes.
  if (after[-2] == 0x0f && after[-1] == 0x05 && after[-7] == moveToEax)
    registers[REG_RIP] -= 7;
}

void onScanSignal(int signal, siginfo_t *info, void *context);

constinit SignalRelay relay(onScanSignal);

void onScanSignal(int signal, siginfo_t *info, void *context) {
  const int savedErrno = errno;
  ThreadRecord *self = ThreadRecord::find();
  // Taken, so that a scan that has lost patience finds out that this one is under way.
  StackScan *scan = self == nullptr ? nullptr : self->scan.exchange(nullptr, std::memory_order_acquire);
  const bool isOurs = info->si_code == SI_QUEUE && info->si_pid == getpid();
  if (scan != nullptr) {
    scan->answer(*self, context);
    repeatSystemCall(*static_cast<ucontext_t *>(context));
  } else if (isOurs) {
    // Of another kind, or a late one: the scan has given up on this thread.
    HostSignals::answer(*info, context);
    repeatSystemCall(*static_cast<ucontext_t *>(context));
  } else {
    relay.passOn(signal, info, context);
  }
  errno = savedErrno;
}

// Library functions that write may be reading a constant of compiled code that called them as its last act
// and is on no stack any more; the pointer may be in a register that /proc doesn't show.
bool mayReadConstants(long systemCall) {
  switch (systemCall) {
  case SYS_write:
  case SYS_writev:
  case SYS_pwrite64:
  case SYS_pwritev:
  case SYS_sendto:
  case SYS_sendmsg:
  case -1:
    return true;
  default:
    return false;
  }
}

} // namespace

// The highest signals are delivered last, so a handler of the program that is due at the same time has its
// frame below ours and is not mistaken for an interrupted call (see repeatSystemCall).
int threadSignal() { return SIGRTMAX - 1; }

bool listenToThreadSignal() {
  return relay.isFirst(threadSignal()) || (!relay.wasInstalled() && relay.install(threadSignal()));
}

StackScan::StackScan(std::vector<ScanRange> ranges) : ranges_(std::move(ranges)), held_(ranges_.size()) {
  if (ranges_.empty())
    return;
  lowest_ = ranges_.front().begin;
  highest_ = ranges_.back().end;
}

void StackScan::run(Engine &engine) {
  const uint64_t added = FiberStacks::added();
  fibers_ = FiberStacks::all();
  {
    std::lock_guard<std::mutex> guard(Threads::lock());
    if (fibers_.empty())
      examineThreads(engine);
    else
      examineAtOnce(engine);
  }
  // What went to a stack that was not known yet was not seen.
  if (FiberStacks::added() != added)
    undecided_ = true;
  for (const uintptr_t low : deadFibers_)
    FiberStacks::remove(low);
  // After the threads: one that has left since told of its trap before.
  for (const uintptr_t at : engine.trapped())
    mark(at);
}

// A fiber can be switched to while others are read, and its frames go to a thread's registers and back. So
// nobody may run meanwhile: those who are inside wait in the signal's handler, or were waiting all the time,
// and nobody comes in. Until they are let go nothing here may allocate, or take a lock: they may hold any.
void StackScan::examineAtOnce(Engine &engine) {
  OwnMemory memory;
  if (!memory.isOpen()) {
    undecided_ = true;
    return;
  }
  memory_ = &memory;
  waiting_.reserve(Threads::all().size());
  deadFibers_.reserve(fibers_.size());
  const bool wasClosed = engine.door.isClosed.exchange(true, std::memory_order_seq_cst);
  examineThreads(engine);
  if (!undecided_)
    examineFibers();
  for (const Waiting &one : waiting_)
    undecided_ = undecided_ || !(BlockedThread::look(one.tid) == one.seen);
  released_.store(1, std::memory_order_release);
  futex(released_, FUTEX_WAKE_PRIVATE, INT_MAX);
  while (kept_.load(std::memory_order_acquire) > 0)
    sched_yield();
  if (!wasClosed)
    engine.openGate();
  memory_ = nullptr;
}

void StackScan::examineFibers() {
  for (const FiberStack &fiber : fibers_)
    if (!memory_->read(fiber.low, fiber.high, marker_))
      deadFibers_.push_back(fiber.low);
}

void StackScan::examineThreads(Engine &engine) {
  Threads::barrier();
  for (ThreadRecord *thread : Threads::all()) {
    if (!thread->mayRun(engine))
      continue;
    ++threads_;
    bool isDone = false;
    if (thread->tid == static_cast<pid_t>(syscall(SYS_gettid))) {
      // Its registers are on this stack already: the callers of this function saved what they use, and what
      // this function holds in others it has spilled here.
      ucontext_t context;
      isDone = getcontext(&context) == 0;
      markWords(&context.uc_mcontext, &context.uc_mcontext + 1);
      isDone = markStack(*thread, reinterpret_cast<uintptr_t>(__builtin_frame_address(0))) && isDone;
    } else {
      const Seen seen = examineBlocked(*thread);
      isDone = seen == Seen::Done || (seen == Seen::Running && examineRunning(*thread));
    }
    if (!isDone)
      undecided_ = true;
  }
}

StackScan::Seen StackScan::examineBlocked(const ThreadRecord &thread) {
  BlockedThread before = BlockedThread::look(thread.tid);
  for (int look = 0; look < looksAtBlocked; ++look) {
    if (before.state == BlockedThread::State::Running)
      return Seen::Running;
    if (before.state == BlockedThread::State::Unknown || mayReadConstants(before.systemCall))
      return Seen::Unclear;
    markWords(before.arguments.data(), before.arguments.data() + before.arguments.size());
    mark(before.programCounter);
    if (!markStack(thread, before.stackPointer) && !markBeside(thread, before.stackPointer))
      return Seen::Unclear;
    const BlockedThread after = BlockedThread::look(thread.tid);
    // Nothing ran, so what was read is what was there all the time. Else its words may have moved while they
    // were read; what was marked stays marked, which is harmless.
    if (after == before) {
      if (memory_ != nullptr)
        waiting_.push_back({thread.tid, before});
      return Seen::Done;
    }
    before = after;
  }
  return Seen::Unclear;
}

bool StackScan::examineRunning(ThreadRecord &thread) {
  if (!listenToThreadSignal())
    return false;
  answered_.store(false, std::memory_order_relaxed);
  foreignStack_ = 0;
  thread.scan.store(this, std::memory_order_release);
  siginfo_t info = {};
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread.tid, threadSignal(), &info) != 0) {
    thread.scan.store(nullptr, std::memory_order_relaxed);
    return false;
  }
  const uint64_t deadline = now() + patienceNs;
  while (!answered_.load(std::memory_order_acquire)) {
    // Null: the handler has taken it and will answer.
    if (now() > deadline && thread.scan.exchange(nullptr, std::memory_order_acq_rel) != nullptr)
      return false;
    sched_yield();
  }
  return foreignStack_ == 0 || markBeside(thread, foreignStack_);
}

void StackScan::answer(ThreadRecord &self, const void *data) {
  const uint64_t began = now();
  const auto &context = *static_cast<const ucontext_t *>(data);
  markWords(&context.uc_mcontext.gregs, &context.uc_mcontext.gregs + 1);
  if (context.uc_mcontext.fpregs != nullptr)
    markWords(context.uc_mcontext.fpregs->_xmm, context.uc_mcontext.fpregs->_xmm + 16);
  const auto stackPointer = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
  if (!markStack(self, stackPointer))
    foreignStack_ = stackPointer;
  if (memory_ == nullptr) {
    notePause(began);
    answered_.store(true, std::memory_order_release);
    return;
  }
  kept_.fetch_add(1, std::memory_order_relaxed);
  answered_.store(true, std::memory_order_release);
  // Asleep, so that the scan has the processor.
  while (released_.load(std::memory_order_acquire) == 0)
    futex(released_, FUTEX_WAIT_PRIVATE, 0);
  notePause(began);
  kept_.fetch_sub(1, std::memory_order_release); // from here on the scan may be gone
}

void StackScan::notePause(uint64_t sinceNs) {
  const uint64_t pause = now() - sinceNs;
  uint64_t longest = longestPauseNs_.load(std::memory_order_relaxed);
  while (longest < pause &&
         !longestPauseNs_.compare_exchange_weak(longest, pause, std::memory_order_relaxed)) {
  }
}

// False if the stack pointer is not on the thread's own stack: what lies on the own one is then unknown.
bool StackScan::markStack(const ThreadRecord &thread, uintptr_t stackPointer) {
  if (stackPointer < thread.stackLow || stackPointer > thread.stackHigh)
    return false;
  const uintptr_t from = (stackPointer - redZoneBytes) & ~uintptr_t{7};
  markWords(reinterpret_cast<const void *>(from), reinterpret_cast<const void *>(thread.stackHigh));
  return true;
}

// The own stack of a thread that runs on a fiber's: it was left somewhere. The fiber's is read with the
// others. False if it is nobody's stack that is known.
bool StackScan::markBeside(const ThreadRecord &thread, uintptr_t stackPointer) {
  const auto isOn = [stackPointer](const FiberStack &one) {
    return stackPointer >= one.low && stackPointer <= one.high;
  };
  return memory_ != nullptr && std::ranges::any_of(fibers_, isOn) &&
         memory_->readTouched(thread.stackLow, thread.stackHigh, marker_);
}

// Another thread's words may change while they are read; the caller finds that out. They are of frames that a
// sanitizer has not made.
[[gnu::no_sanitize("address")]] void StackScan::markWords(const void *from, const void *to) {
  const auto *end = static_cast<const volatile uintptr_t *>(to);
  for (const auto *word = static_cast<const volatile uintptr_t *>(from); word < end; ++word) {
    const uintptr_t value = *word;
    if (value >= lowest_ && value <= highest_)
      mark(value);
  }
}

void StackScan::mark(uintptr_t word) {
  auto range = std::upper_bound(ranges_.begin(), ranges_.end(), word,
                                [](uintptr_t value, const ScanRange &one) { return value < one.begin; });
  // The end counts: it is where a call returns to that is the last instruction of a range. With ranges side
  // by side that may be the start of the next one, too; then both are held.
  for (int neighbours = 0; neighbours < 2 && range != ranges_.begin(); ++neighbours) {
    --range;
    if (word > range->end)
      return;
    held_[static_cast<size_t>(range - ranges_.begin())].store(static_cast<uint8_t>(Held::Referred),
                                                              std::memory_order_relaxed);
  }
}

} // namespace tierlink
