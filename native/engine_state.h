// Job: everything native that belongs to one engine, and when it may be given up.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arena.h"
#include "exit_handlers.h"
#include "program_keys.h"
#include "ring.h"
#include "sampling.h"

namespace tierlink {

class Run;

// Shared by the JS handle, the functions bound to it, its buffers, and every thread that belongs to it.
class Engine : public std::enable_shared_from_this<Engine> {
public:
  // Null, with the failing call in `failure`, if the kernel refuses.
  static std::shared_ptr<Engine> create(size_t codeBytes, size_t readonlyBytes, size_t dataBytes,
                                        std::string &failure);
  ~Engine();

  // Unmaps everything; false if a thread is inside. Idempotent. `beforeUnmap` is called when it is certain.
  bool close(const std::function<void()> &beforeUnmap = nullptr);
  bool closed() const { return closed_.load(std::memory_order_acquire); }

  // Only while not closed.
  Arena &arena() { return *arena_; }
  Ring &ring() { return *ring_; }

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
  void openGate() { gateClosed.store(false, std::memory_order_release); }
  std::atomic<bool> gateClosed{false};
  // Threads being made that have no record yet, but will be inside.
  std::atomic<uint32_t> launching{0};

private:
  struct Arguments {
    std::vector<std::string> strings;
    std::vector<char *> pointers;
  };

  Engine() = default;

  std::atomic<bool> closed_{false};
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Ring> ring_;
  std::mutex mutex_; // guards the two below
  std::weak_ptr<Run> activeRun_;
  std::deque<Arguments> arguments_;
};

} // namespace tierlink
