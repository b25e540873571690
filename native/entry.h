// Job: a stay inside compiled code, from a thread that is not the program's own. All of it is inline, as each
// call from JS makes one.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "engine_state.h"
#include "thread_record.h"

namespace tierlink {

class Entry {
public:
  // AtGate: waits while the gate is closed, and is refused once the engine is sealed. Control: the thread
  // that closes the gate, which runs destructors behind it.
  enum class Passage : uint8_t { AtGate, Control };

  [[gnu::always_inline]] explicit Entry(Engine &engine, Passage passage = Passage::AtGate)
      : thread_(ThreadRecord::here()), mutator_(thread_.mutatorFor(engine)),
        depth_(mutator_.depth.load(std::memory_order_relaxed)), previous_(thread_.current),
        outer_(std::exchange(thread_.boundary, nullptr)), outerCode_(thread_.entered),
        outerHandles_(std::exchange(thread_.handles, {})) {
    mutator_.depth.store(depth_ + 1, std::memory_order_relaxed);
    thread_.current = &engine;
    // The compiler must not move the load of the slot before the store; the processor may, see
    // Threads::inside.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (Threads::entriesFence) [[unlikely]]
      std::atomic_thread_fence(std::memory_order_seq_cst);
    // Who is inside already is not kept out: the gate can't close then.
    if (depth_ == 0 && passage == Passage::AtGate && engine.door.isClosed.load(std::memory_order_relaxed))
        [[unlikely]]
      refused_ = !waitAtGate(engine);
  }
  [[gnu::always_inline]] ~Entry() {
    thread_.handles.close(thread_.callbacksEnv);
    thread_.handles = outerHandles_;
    thread_.boundary = outer_;
    thread_.entered = outerCode_;
    thread_.current = previous_;
    mutator_.depth.store(depth_, std::memory_order_release);
  }
  // True: the engine is sealed, and no code of it may be run.
  bool refused() const { return refused_; }
  ThreadRecord &thread() const { return thread_; }
  Entry(const Entry &) = delete;
  Entry &operator=(const Entry &) = delete;

private:
  [[gnu::cold, gnu::noinline]] bool waitAtGate(const Engine &engine) {
    do {
      mutator_.depth.store(0, std::memory_order_release);
      if (!engine.waitAtGate())
        return false;
      mutator_.depth.store(1, std::memory_order_seq_cst);
    } while (engine.door.isClosed.load(std::memory_order_seq_cst));
    return true;
  }

  ThreadRecord &thread_;
  Mutator &mutator_;
  // Kept by value: a longjmp over inner entries must not leave their count behind.
  const uint32_t depth_;
  Engine *const previous_;
  JumpFrame *const outer_;
  const void *const outerCode_;
  const HandleGroup outerHandles_;
  bool refused_ = false;
};

} // namespace tierlink
