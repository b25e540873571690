// Job: makes, counts and ends thread records.
#include "thread_record.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "engine_state.h"
#include "process_barrier.h"
#include "run.h"
#include "tls.h"
#include "traps.h"

namespace tierlink {
namespace {

pthread_key_t endKey;
pid_t processId = 0;

// For a thread on which no handler of the program may run any more, as its code can be unmapped from now on.
void blockSignals() {
  sigset_t allSignals;
  sigfillset(&allSignals);
  pthread_sigmask(SIG_SETMASK, &allSignals, nullptr);
}

} // namespace

constinit thread_local ThreadRecord *ThreadRecord::self = nullptr;

void Threads::prepare() {
  static const bool once = [] {
    processId = getpid();
    ProcessBarrier::prepare();
    entriesFence = !ProcessBarrier::isThere();
    return true;
  }();
  (void)once;
}

std::mutex &Threads::lock() {
  static std::mutex *mutex =
      new std::mutex; // never destroyed: threads outlive the end of the process's statics
  return *mutex;
}

std::vector<ThreadRecord *> &Threads::all() {
  static auto *records = new std::vector<ThreadRecord *>;
  return *records;
}

bool Threads::inForkedChild() { return getpid() != processId; }

// An entry stores its depth and then loads a slot without a fence between; the barrier here, executed by all
// threads of the process, stands for it.
void Threads::barrier() { ProcessBarrier::run(); }

uint32_t Threads::inside(Engine &engine) {
  barrier();
  std::lock_guard<std::mutex> guard(lock());
  uint32_t threads = engine.launching.load();
  for (ThreadRecord *record : all())
    threads += record->isInside(engine) ? 1 : 0;
  return threads;
}

bool Threads::otherCallersInside() {
  barrier();
  std::lock_guard<std::mutex> guard(lock());
  return std::ranges::any_of(all(), [own = ThreadRecord::find()](const ThreadRecord *record) {
    return record != own && record->kind == ThreadRecord::Kind::Foreign &&
           std::ranges::any_of(record->mutators, [](const auto &mutator) {
             return mutator->engine.load(std::memory_order_relaxed) != nullptr &&
                    mutator->depth.load(std::memory_order_acquire) > 0;
           });
  });
}

void Threads::endVisits(const Engine &engine) {
  std::lock_guard<std::mutex> guard(lock());
  for (ThreadRecord *record : all())
    if (record->visits == &engine)
      record->visits = nullptr;
}

void Threads::forget(Engine &engine) {
  endVisits(engine);
  std::lock_guard<std::mutex> guard(lock());
  for (ThreadRecord *record : all()) {
    for (const auto &mutator : record->mutators) {
      // Not freed: its thread may be comparing it in mutatorFor at this moment. Null matches no engine.
      if (mutator->engine.load(std::memory_order_relaxed) == &engine)
        mutator->engine.store(nullptr, std::memory_order_relaxed);
    }
    std::erase_if(record->destructors, [&](const auto &destructor) { return destructor.engine == &engine; });
  }
}

ThreadRecord &ThreadRecord::make() {
  static const bool keyMade = [] {
    if (pthread_key_create(&endKey, onThreadEnd) != 0)
      abort(); // the process is out of keys; thread-locals would leak unseen
    return true;
  }();
  (void)keyMade;
  auto *record = new ThreadRecord;
  {
    std::lock_guard<std::mutex> guard(Threads::lock());
    Threads::all().push_back(record);
  }
  pthread_setspecific(endKey, record);
  self = record;
  return *record;
}

ThreadRecord::ThreadRecord() : tid(static_cast<pid_t>(syscall(SYS_gettid))) {
  pthread_attr_t attributes;
  if (pthread_getattr_np(thread, &attributes) != 0)
    return;
  void *low = nullptr;
  size_t bytes = 0;
  if (pthread_attr_getstack(&attributes, &low, &bytes) == 0) {
    stackLow = reinterpret_cast<uintptr_t>(low);
    stackHigh = stackLow + bytes;
  }
  pthread_attr_destroy(&attributes);
}

bool ThreadRecord::isInside(const Engine &engine) const {
  return std::any_of(mutators.begin(), mutators.end(), [&](const auto &mutator) {
    return mutator->engine.load(std::memory_order_relaxed) == &engine &&
           mutator->depth.load(std::memory_order_acquire) > 0;
  });
}

uint32_t ThreadRecord::depth() const {
  uint32_t sum = 0;
  for (const auto &mutator : mutators)
    sum += mutator->engine.load(std::memory_order_relaxed) == nullptr
               ? 0
               : mutator->depth.load(std::memory_order_relaxed);
  return sum;
}

Mutator &ThreadRecord::findMutator(Engine &engine) {
  for (const auto &mutator : mutators) {
    if (mutator->engine.load(std::memory_order_relaxed) == &engine)
      return *(last = mutator.get());
  }
  std::lock_guard<std::mutex> guard(Threads::lock());
  for (const auto &mutator : mutators) {
    if (mutator->engine.load(std::memory_order_relaxed) == nullptr) {
      mutator->depth.store(0, std::memory_order_relaxed);
      mutator->engine.store(&engine, std::memory_order_relaxed);
      return *(last = mutator.get());
    }
  }
  mutators.push_back(std::make_unique<Mutator>());
  last = mutators.back().get();
  last->engine.store(&engine, std::memory_order_relaxed);
  return *last;
}

void ThreadRecord::adopt(Kind as, std::shared_ptr<Engine> engine, std::shared_ptr<Run> of,
                         std::function<void(bool parked)> onEnded) {
  kind = as;
  run = std::move(of);
  ended = std::move(onEnded);
  {
    std::lock_guard<std::mutex> guard(Threads::lock());
    owner = std::move(engine);
  }
  current = owner.get();
  mutatorFor(*owner).depth.store(1, std::memory_order_seq_cst);
  // Only now: until here the thread was counted as launching, and a moment as both is harmless.
  owner->launching.fetch_sub(1);
  owner->sampler.attach(*this);
}

void ThreadRecord::release() {
  blockSignals();
  owner->sampler.detach(*this);
  tlsForget(*owner, *this);
  leaveAll();
  std::shared_ptr<Engine> released;
  {
    std::lock_guard<std::mutex> guard(Threads::lock());
    released = std::move(owner);
  }
  kind = Kind::Foreign;
  const auto onEnded = std::exchange(ended, nullptr);
  onEnded(false);
}

void ThreadRecord::addDestructor(Engine &engine, void (*function)(void *), void *argument) {
  std::lock_guard<std::mutex> guard(Threads::lock());
  destructors.push_back({&engine, function, argument});
}

void ThreadRecord::runDestructors(Engine &engine) {
  for (;;) {
    Destructor destructor{};
    {
      std::lock_guard<std::mutex> guard(Threads::lock());
      const auto mine = [&](const Destructor &one) { return one.engine == &engine; };
      const auto found = std::find_if(destructors.rbegin(), destructors.rend(), mine);
      if (found == destructors.rend())
        return;
      destructor = *found;
      destructors.erase(std::next(found).base());
    }
    destructor.function(destructor.argument); // may register more
  }
}

// Key destructors of the program may still run compiled code that uses its thread-locals, so this one asks to
// be called again until the last round, and only then takes the thread out.
void ThreadRecord::onThreadEnd(void *data) {
  auto *record = static_cast<ThreadRecord *>(data);
  // A JS thread that ends is not inside the engine, which may be closed at this moment: its thread-locals are
  // destroyed with the engine's exit handlers, or not at all, as those of a program that is killed.
  if (record->owner != nullptr)
    record->runDestructors(*record->owner);
  if (++record->endRounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
    pthread_setspecific(endKey, record);
    return;
  }
  record->finish();
  self = nullptr;
  delete record;
}

void ThreadRecord::finish() {
  if (run != nullptr && kind == Kind::Main)
    run->mainEnding(*this);
  Traps::release(*this);
  if (owner != nullptr)
    owner->sampler.detach(*this);
  {
    std::lock_guard<std::mutex> guard(Threads::lock());
    for (uint32_t i = 0; i < tlsCount; ++i)
      free(tlsBlocks[i]);
    free(tlsBlocks);
    tlsBlocks = nullptr;
    tlsCount = 0;
    auto &all = Threads::all();
    all.erase(std::find(all.begin(), all.end(), this));
  }
  leaveAll();
  // After leaving: who is told that the program has ended may give up the engine.
  if (run != nullptr && kind == Kind::Program)
    run->threadRemoved();
  if (ended)
    ended(false);
}

void ThreadRecord::leaveAll() {
  current = nullptr;
  for (const auto &mutator : mutators)
    mutator->depth.store(0, std::memory_order_release);
}

void ThreadRecord::park() {
  blockSignals();
  if (owner != nullptr)
    owner->sampler.detach(*this);
  // Safe to count this thread as outside although frames of compiled code are on its stack: none is ever
  // returned to.
  leaveAll();
  std::shared_ptr<Engine> released;
  {
    std::lock_guard<std::mutex> guard(Threads::lock());
    released = std::move(owner);
  }
  if (ended)
    ended(true);
  // This frame lasts for ever, so nothing may be kept in it.
  ended = nullptr;
  released.reset();
  run.reset();
  for (;;)
    pause();
}

} // namespace tierlink
