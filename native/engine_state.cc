// Job: makes an engine's parts in order and takes them down only when no thread can be inside.
#include "engine_state.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sched.h>

#include "engine_table.h"
#include "fiber_stacks.h"
#include "fork_handlers.h"
#include "frames.h"
#include "run.h"
#include "thread_record.h"
#include "tls.h"

namespace tierlink {

std::shared_ptr<Engine> Engine::create(std::string &failure) {
  auto ring = std::make_unique<Ring>();
  if (!ring->usable()) {
    failure = std::string("eventfd: ") + std::strerror(errno);
    return nullptr;
  }
  std::shared_ptr<Engine> engine(new Engine);
  engine->ring_ = std::move(ring);
  engine->lazy_ = std::make_unique<LazyCalls>(*engine, engine->ring_->wakeFd());
  return engine;
}

Engine::~Engine() {
  EngineTable::forget(*this);
  if (close())
    return;
  Threads::endVisits(*this);
  // A thread the process made itself is inside: leaking its code is the lesser evil.
  (void)arenas_.release();
  (void)ring_.release();
  (void)lazy_.release();
}

bool Engine::seal() {
  if (sealed())
    return true;
  if (!closeGate())
    return false;
  // The gate stays closed; who waits at it sees this and turns back.
  sealed_.store(true, std::memory_order_release);
  return true;
}

bool Engine::close() {
  if (closed())
    return true;
  // Counted once more, as exit handlers that ran since the sealing may have made threads.
  if (!seal() || Threads::inside(*this) != 0)
    return false;
  closed_.store(true, std::memory_order_release);
  EngineTable::forget(*this);
  ForkHandlers::forget(*this);
  keys.removeAll();
  tlsForget(*this);
  Threads::forget(*this);
  FiberStacks::forget(*this);
  std::unique_lock<std::shared_mutex> lock(coversMutex_);
  for (const auto &[address, cover] : covers_)
    Frames::removeWithin({address, cover.bytes});
  covers_.clear();
  for (const auto &arena : *arenas_)
    arena->leave();
  arenas_->clear();
  return true;
}

std::atomic<bool> &Engine::mayCallBack(const void *slot) {
  std::lock_guard<std::mutex> lock(mutex_);
  return mayCallBack_.try_emplace(slot, true).first->second;
}

void Engine::coverOne(uintptr_t address, const Cover &cover) {
  {
    std::unique_lock<std::shared_mutex> lock(coversMutex_);
    covers_[address] = cover;
  }
  ring_->widen(address, address + cover.bytes);
}

void Engine::cover(uintptr_t address, size_t bytes, uint8_t *writable, std::shared_ptr<Arena> &around) {
  around = Arena::around(address, bytes);
  if (around == nullptr) {
    coverOne(address, {bytes, writable});
    return;
  }
  if (covers(address, bytes))
    return;
  around->enter();
  arenas_->push_back(around);
  for (RegionKind kind : {RegionKind::Code, RegionKind::ReadOnly, RegionKind::Data}) {
    const Region &region = around->region(kind);
    coverOne(reinterpret_cast<uintptr_t>(region.base), {region.bytes, region.writable});
  }
}

bool Engine::uncover(uintptr_t address) {
  std::unique_lock<std::shared_mutex> lock(coversMutex_);
  const auto place = covers_.find(address);
  if (place == covers_.end() || Arena::around(address, place->second.bytes) != nullptr)
    return false;
  covers_.erase(place);
  return true;
}

uint8_t *Engine::writable(uintptr_t address, size_t bytes) const {
  std::shared_lock<std::shared_mutex> lock(coversMutex_);
  return coveredAt(address, bytes);
}

uint8_t *Engine::coveredAt(uintptr_t address, size_t bytes) const {
  auto place = covers_.upper_bound(address);
  if (place == covers_.begin())
    return nullptr;
  --place;
  const size_t offset = address - place->first;
  const Cover &cover = place->second;
  return offset <= cover.bytes && bytes <= cover.bytes - offset ? cover.writable + offset : nullptr;
}

// Safe in a signal handler because a thread that holds the lock itself does not trap in compiled code, and
// for all others it only tries.
bool Engine::holds(uintptr_t address) const {
  constexpr int tries = 1000;
  if (!ring_->reaches(address))
    return false;
  for (int attempt = 0; attempt < tries; ++attempt) {
    if (coversMutex_.try_lock_shared()) {
      const bool isHeld = coveredAt(address, 1) != nullptr;
      coversMutex_.unlock_shared();
      return isHeld;
    }
    sched_yield();
  }
  return false;
}

void Engine::keepTrapped(uintptr_t at) {
  std::lock_guard<std::mutex> lock(mutex_);
  trapped_.push_back(at);
}

void Engine::forgetTrapped(uintptr_t at) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::ranges::find(trapped_, at);
  if (found != trapped_.end())
    trapped_.erase(found);
}

std::vector<uintptr_t> Engine::trapped() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return trapped_;
}

// Safe because of two stores and two loads in opposite order, with the barrier of Threads::inside between: an
// entry shows that it is inside and then looks at the gate, this closes the gate and then looks who is
// inside.
bool Engine::closeGate() {
  door.isClosed.store(true, std::memory_order_seq_cst);
  if (Threads::inside(*this) == 0)
    return true;
  openGate();
  return false;
}

bool Engine::waitAtGate() const {
  while (door.isClosed.load(std::memory_order_acquire)) {
    if (sealed())
      return false;
    // Else it is closed for as long as it takes to store some slots.
    sched_yield();
  }
  return true;
}

// Safe for the same reason as an entry: counted first, then the gate is looked at.
bool Engine::beginLaunch() {
  for (;;) {
    launching.fetch_add(1);
    if (!door.isClosed.load(std::memory_order_seq_cst))
      return true;
    launching.fetch_sub(1);
    if (!waitAtGate())
      return false;
  }
}

std::shared_ptr<Run> Engine::activeRun() {
  std::shared_ptr<Run> run;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    run = activeRun_.lock();
  }
  // Threads that a program left behind keep their run, but it is not active any more.
  return run != nullptr && !run->over() ? run : nullptr;
}

void Engine::setActiveRun(const std::shared_ptr<Run> &run) {
  std::lock_guard<std::mutex> lock(mutex_);
  activeRun_ = run;
}

char **Engine::keepArguments(std::vector<std::string> strings) {
  std::lock_guard<std::mutex> lock(mutex_);
  Arguments &kept = arguments_.emplace_back();
  kept.strings = std::move(strings);
  for (std::string &argument : kept.strings)
    kept.pointers.push_back(argument.data());
  kept.pointers.push_back(nullptr);
  return kept.pointers.data();
}

} // namespace tierlink
