// Job: everything native that belongs to one engine, and when it may be given up.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "arena.h"
#include "exit_handlers.h"
#include "lazy_calls.h"
#include "program_keys.h"
#include "ring.h"
#include "sampling.h"

namespace tierlink {

class Run;

// What is looked at on the way in; the assembler file knows that it is two bytes, both zero where the fast
// road is open.
struct Door {
  // Closed: who comes in waits at the door.
  std::atomic<bool> isClosed{false};
  // Its code may come to functions of which nobody knows whether they run JS. Settled before anything is
  // linked.
  std::atomic<bool> mayRunJs{false};
};
static_assert(sizeof(Door) == 2);

// Memory that an engine was told is its own.
struct Cover {
  size_t bytes;
  uint8_t *writable; // the same bytes, where the linker writes
};

// Shared by the JS handle, the functions bound to it, its buffers, and every thread that belongs to it.
class Engine : public std::enable_shared_from_this<Engine> {
public:
  // Null, with the failing call in `failure`, if the kernel refuses.
  static std::shared_ptr<Engine> create(std::string &failure);
  ~Engine();

  // Keeps threads out for good; false, and nothing is changed, if one is inside or being made. Idempotent.
  bool seal();
  bool sealed() const { return sealed_.load(std::memory_order_acquire); }
  // Seals, and lets go of the memory; false if a thread is inside. Idempotent.
  bool close();
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  // False once the environment that controls the engine is gone: nobody answers requests any more.
  bool controlled() const { return controlled_.load(std::memory_order_acquire); }
  void uncontrol() { controlled_.store(false, std::memory_order_release); }

  // Only while not closed.
  Ring &ring() { return *ring_; }
  LazyCalls &lazy() { return *lazy_; }

  // The memory of the engine, changed on the control thread only. An arena is covered as a whole, and stays
  // mapped while the engine has not let go of it; `around` is then where it lies. Else whoever covers keeps
  // the memory.
  void cover(uintptr_t address, size_t bytes, uint8_t *writable, std::shared_ptr<Arena> &around);
  // False if no cover begins there that can be taken back alone.
  bool uncover(uintptr_t address);
  // The writable view of a range of the engine's memory; null if it isn't all of one cover.
  uint8_t *writable(uintptr_t address, size_t bytes) const;
  bool covers(uintptr_t address, size_t bytes) const { return writable(address, bytes) != nullptr; }
  // Whether an address lies in the engine's memory. Async-signal-safe; false, too, if control keeps on
  // changing it.
  bool holds(uintptr_t address) const;

  // Traps of calls from JS are failures of these calls.
  std::atomic<bool> catchesTraps{false};
  // Code that trapped is kept until somebody has asked what it was.
  void keepTrapped(uintptr_t at);
  void forgetTrapped(uintptr_t at);
  std::vector<uintptr_t> trapped() const;

  // The run that code on a thread of unknown origin belongs to, if any.
  std::shared_ptr<Run> activeRun();
  void setActiveRun(const std::shared_ptr<Run> &run);
  // Keeps the strings of a main's argv for as long as the engine: any thread may still hold pointers into
  // them.
  char **keepArguments(std::vector<std::string> arguments);

  ExitHandlers exitHandlers;
  ExitHandlers quickExitHandlers;
  ProgramKeys keys;
  Sampler sampler{*this};
  // Closed: who comes in waits at the door. Returns false, and opens again, if a thread is inside or being
  // made.
  bool closeGate();
  // Waits while the gate is closed; false once the engine is sealed.
  bool waitAtGate() const;
  // Counts a thread that an outsider is about to make, at the gate; false once the engine is sealed.
  bool beginLaunch();
  void openGate() { door.isClosed.store(false, std::memory_order_release); }
  Door door;
  // Whether what a slot leads to may call a function pointer, or a function of a library that does: so may
  // come to callbacks. True until somebody knows better; there for as long as the engine. From any thread.
  std::atomic<bool> &mayCallBack(const void *slot);
  // Threads being made that have no record yet, but will be inside.
  std::atomic<uint32_t> launching{0};

private:
  struct Arguments {
    std::vector<std::string> strings;
    std::vector<char *> pointers;
  };

  Engine() = default;

  void coverOne(uintptr_t address, const Cover &cover);
  // `writable`, with the lock held.
  uint8_t *coveredAt(uintptr_t address, size_t bytes) const;

  std::atomic<bool> sealed_{false};
  std::atomic<bool> closed_{false};
  std::atomic<bool> controlled_{true};
  // Environments that are attached look into the covers while control changes them.
  mutable std::shared_mutex coversMutex_;
  std::map<uintptr_t, Cover> covers_; // by where the program sees them
  // A pointer, so that it can be let go of without a destructor.
  std::unique_ptr<std::vector<std::shared_ptr<Arena>>> arenas_ =
      std::make_unique<std::vector<std::shared_ptr<Arena>>>();
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<LazyCalls> lazy_;
  mutable std::mutex mutex_; // guards what follows
  std::vector<uintptr_t> trapped_;
  std::weak_ptr<Run> activeRun_;
  std::deque<Arguments> arguments_;
  std::map<const void *, std::atomic<bool>> mayCallBack_;
};

} // namespace tierlink
