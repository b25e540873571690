// Job: makes an engine's parts in order and takes them down only when no thread can be inside.
#include "engine_state.h"

#include <cerrno>
#include <cstring>

#include "fork_handlers.h"
#include "frames.h"
#include "run.h"
#include "thread_record.h"
#include "tls.h"

namespace tierlink {

std::shared_ptr<Engine> Engine::create(size_t codeBytes, size_t readonlyBytes, size_t dataBytes,
                                       std::string &failure) {
  auto arena = Arena::create(codeBytes, readonlyBytes, dataBytes, failure);
  if (arena == nullptr)
    return nullptr;
  const Region &data = arena->region(RegionKind::Data);
  auto ring = std::make_unique<Ring>(reinterpret_cast<uintptr_t>(data.base), data.bytes);
  if (!ring->usable()) {
    failure = std::string("eventfd: ") + std::strerror(errno);
    return nullptr;
  }
  std::shared_ptr<Engine> engine(new Engine);
  engine->arena_ = std::move(arena);
  engine->ring_ = std::move(ring);
  return engine;
}

Engine::~Engine() {
  if (close())
    return;
  // A thread the process made itself is inside: leaking its code is the lesser evil.
  (void)arena_.release();
  (void)ring_.release();
}

bool Engine::close(const std::function<void()> &beforeUnmap) {
  if (closed())
    return true;
  if (Threads::inside(*this) != 0)
    return false;
  // Nobody can come in any more: JS calls are made on the thread that calls this, or check `closed`, and
  // threads of the program were counted above.
  closed_.store(true, std::memory_order_release);
  ForkHandlers::forget(*this);
  keys.removeAll();
  tlsForget(*this);
  Threads::forget(*this);
  Frames::removeWithin(*arena_);
  if (beforeUnmap)
    beforeUnmap();
  arena_.reset();
  return true;
}

// Safe because of two stores and two loads in opposite order, with the barrier of Threads::inside between: an
// entry shows that it is inside and then looks at the gate, this closes the gate and then looks who is
// inside.
bool Engine::closeGate() {
  gateClosed.store(true, std::memory_order_seq_cst);
  if (Threads::inside(*this) == 0)
    return true;
  openGate();
  return false;
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
