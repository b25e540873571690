// Job: the wait of a lazy call, and the answers of control.
#include "lazy_calls.h"

#include <cerrno>
#include <climits>
#include <ctime>
#include <linux/futex.h>
#include <mutex>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "copied_process.h"
#include "engine_state.h"
#include "lazy_entry.h"
#include "thread_record.h"
#include "trampoline.h"

namespace tierlink {
namespace {

// Before a request that did not fit is tried again, in nanoseconds.
constexpr long retryNs = 1'000'000;

std::shared_ptr<const LazyFailure> failureOf(const char *code, const char *message) {
  return std::make_shared<const LazyFailure>(LazyFailure{code, message, "", nullptr});
}

class KeptErrno {
public:
  KeptErrno() = default;
  ~KeptErrno() { errno = saved_; }
  KeptErrno(const KeptErrno &) = delete;
  KeptErrno &operator=(const KeptErrno &) = delete;

private:
  const int saved_ = errno;
};

} // namespace

// Counts a thread that waits. One that is left by longjmp stays counted: failures are then kept for longer.
class LazyCalls::Waiting {
public:
  Waiting(LazyCalls &calls, ThreadRecord *thread)
      : calls_(calls), thread_(thread),
        before_(thread == nullptr ? nullptr : thread->waitsFor.load(std::memory_order_relaxed)) {
    calls_.waiters_.fetch_add(1, std::memory_order_seq_cst);
    if (thread_ != nullptr)
      thread_->waitsFor.store(&calls_, std::memory_order_relaxed);
  }
  ~Waiting() {
    if (thread_ != nullptr)
      thread_->waitsFor.store(before_, std::memory_order_relaxed);
    calls_.waiters_.fetch_sub(1, std::memory_order_seq_cst);
  }
  Waiting(const Waiting &) = delete;
  Waiting &operator=(const Waiting &) = delete;

private:
  LazyCalls &calls_;
  ThreadRecord *const thread_;
  const LazyCalls *const before_;
};

LazyCalls::~LazyCalls() {
  waiters_.store(0, std::memory_order_relaxed);
  dropFailures();
}

const void *LazyCalls::call(const void *slot, const void *entry) {
  const KeptErrno kept;
  const void *code = nullptr;
  const auto isThere = [&] { return (code = loadSlot(slot)) != entry; };
  if (isThere())
    return code;
  if (auto failure = await(reinterpret_cast<uintptr_t>(slot), isThere))
    throw FunctionUncompiled(std::move(failure));
  return code;
}

// Null when done, else why not.
template <class Done> std::shared_ptr<const LazyFailure> LazyCalls::await(uintptr_t slot, Done isDone) {
  if (CopiedProcess::isThis())
    return failureOf("CALL_UNFINISHED",
                     "it was not compiled when the process forked, and the child can't do it");
  ThreadRecord *const thread = ThreadRecord::find();
  if (thread != nullptr && inlineThread_.load(std::memory_order_relaxed) == thread) {
    if (auto failure = serve(slot, *thread))
      return failure;
    return isDone() ? nullptr : failureOf("CALL_UNFINISHED", "control left it uncompiled");
  }
  const Waiting waiting(*this, thread);
  const uint64_t asked = sequence_.load(std::memory_order_seq_cst);
  const bool isOfProgram = thread != nullptr && (thread->kind == ThreadRecord::Kind::Main ||
                                                 thread->kind == ThreadRecord::Kind::Program);
  for (;;) {
    const uint32_t epoch = epoch_.load(std::memory_order_seq_cst);
    if (isDone())
      return nullptr;
    if (auto failure = failureSince(asked, slot))
      return failure;
    if (ended_.load(std::memory_order_seq_cst) && (!isOfProgram || slot == everything))
      return failureOf("ENGINE_DISPOSED", "the JS environment of the engine has ended");
    // Each time: what was compiled when this thread was woken may be forgotten again, with its module's
    // source.
    sleep(epoch, !requests_.push(slot));
  }
}

// On the thread of an inline control. It can't be called while it is at work, but for calls that it makes
// itself; a signal handler that interrupts it has to do without.
std::shared_ptr<const LazyFailure> LazyCalls::serve(uintptr_t slot, ThreadRecord &thread) {
  const uint32_t depth = thread.depth();
  if (depth == servingDepth_)
    return failureOf("CALL_UNFINISHED", depth == 0 ? "a signal handler called it in the middle of JS"
                                                   : "a signal handler called it while another was compiled");
  const uint32_t outer = servingDepth_;
  servingDepth_ = depth;
  // A reference of its own, as control may take another one's place meanwhile.
  auto failure = std::shared_ptr(inlineControl_)->compile(slot);
  servingDepth_ = outer;
  return failure;
}

void LazyCalls::prepare(const void *function) {
  const LazyPlace place = lazyPlace(engine_, function);
  if (place.slot == nullptr)
    return;
  try {
    call(place.slot, place.entry);
  } catch (const FunctionUncompiled &) {
    // It is tried again when it is called.
  }
}

void LazyCalls::completeAll() {
  const KeptErrno kept;
  if (!isSomeLeft_.load(std::memory_order_seq_cst) || CopiedProcess::isThis())
    return;
  const uint32_t before = completions_.load(std::memory_order_seq_cst);
  // What fails here fails again, and with its reason, where it is called.
  (void)await(everything, [&] { return completions_.load(std::memory_order_seq_cst) != before; });
}

// Safe because slots are stored before the epoch is raised, and a waiter reads the epoch before it looks at
// its slot: either it sees the slot, or the epoch that it sleeps on is an old one. The count is raised before
// the epoch is read, all sequentially consistent, so a waiter that is not seen here has read the new epoch.
void LazyCalls::settle(bool isSomeLeft) {
  isSomeLeft_.store(isSomeLeft, std::memory_order_seq_cst);
  if (!isSomeLeft)
    completions_.fetch_add(1, std::memory_order_seq_cst);
  wakeAll();
}

void LazyCalls::fail(uintptr_t slot, LazyFailure failure) { add(slot, false, std::move(failure)); }

void LazyCalls::failAll(LazyFailure failure) { add(everything, true, std::move(failure)); }

void LazyCalls::add(uintptr_t slot, bool isOfAll, LazyFailure failure) {
  dropFailures();
  const uint64_t sequence = sequence_.load(std::memory_order_relaxed) + 1;
  // First the number, so that whoever asks from now on is not told of this one.
  sequence_.store(sequence, std::memory_order_seq_cst);
  failed_.store(new Failed{failed_.load(std::memory_order_relaxed), sequence, slot, isOfAll,
                           std::make_shared<const LazyFailure>(std::move(failure))},
                std::memory_order_seq_cst);
  wakeAll();
}

// Safe because of two stores and two loads in opposite order: a waiter is counted and then loads the list,
// this takes the list away and then loads the count. Who comes later has a number that is not below those of
// the dropped ones.
void LazyCalls::dropFailures() {
  const Failed *failed = failed_.exchange(nullptr, std::memory_order_seq_cst);
  if (waiters_.load(std::memory_order_seq_cst) != 0) {
    // A waiter that found the list empty meanwhile looks again, as the caller raises the epoch.
    failed_.store(failed, std::memory_order_seq_cst);
    return;
  }
  while (failed != nullptr)
    delete std::exchange(failed, failed->next);
}

std::shared_ptr<const LazyFailure> LazyCalls::failureSince(uint64_t sequence, uintptr_t slot) const {
  for (const Failed *one = failed_.load(std::memory_order_seq_cst);
       one != nullptr && one->sequence > sequence; one = one->next)
    if (one->isOfAll || one->slot == slot)
      return one->failure;
  return nullptr;
}

void LazyCalls::serveHere(std::shared_ptr<InlineControl> control) {
  // It is begun and ended on its own thread.
  ThreadRecord &here = ThreadRecord::here();
  here.runsJs += control != nullptr ? 1 : 0;
  here.inlineControls += control != nullptr ? 1 : 0;
  here.runsJs -= inlineControl_ != nullptr ? 1 : 0;
  here.inlineControls -= inlineControl_ != nullptr ? 1 : 0;
  inlineControl_ = std::move(control);
  inlineThread_.store(inlineControl_ == nullptr ? nullptr : &ThreadRecord::here(), std::memory_order_relaxed);
}

void LazyCalls::end() {
  serveHere(nullptr);
  ended_.store(true, std::memory_order_seq_cst);
  wakeAll();
}

bool LazyCalls::allInsideWait() {
  Threads::barrier();
  std::lock_guard<std::mutex> guard(Threads::lock());
  uint32_t waiting = 0;
  for (const ThreadRecord *record : Threads::all()) {
    if (!record->isInside(engine_))
      continue;
    const bool isCall =
        record->kind == ThreadRecord::Kind::Foreign || record->kind == ThreadRecord::Kind::Async;
    if (!isCall || record->waitsFor.load(std::memory_order_relaxed) != this)
      return false;
    ++waiting;
  }
  return waiting != 0 && engine_.launching.load() == 0;
}

// Private, as children made by vfork share the memory, and others never come here.
void LazyCalls::sleep(uint32_t epoch, bool isShort) {
  static_assert(sizeof epoch_ == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  const timespec limit{0, retryNs};
  syscall(SYS_futex, &epoch_, FUTEX_WAIT_PRIVATE, epoch, isShort ? &limit : nullptr, nullptr, 0);
}

void LazyCalls::wakeAll() {
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (waiters_.load(std::memory_order_seq_cst) != 0)
    syscall(SYS_futex, &epoch_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

} // namespace tierlink
