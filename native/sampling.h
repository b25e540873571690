// Job: takes program counters of an engine's threads, by the CPU time they use.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tierlink {

class Engine;
struct ThreadRecord;

// The latest samples; old ones are overwritten when nobody takes them. push is async-signal-safe.
class SampleRing {
public:
  static constexpr uint32_t capacity = 8192; // a power of two

  void push(uint64_t programCounter) {
    cells_[next_.fetch_add(1, std::memory_order_relaxed) % capacity].store(programCounter,
                                                                           std::memory_order_relaxed);
  }
  std::vector<uint64_t> take();

private:
  std::atomic<uint64_t> cells_[capacity] = {}; // 0: nothing
  std::atomic<uint32_t> next_{0};
  uint32_t taken_ = 0;
};

// Samples the threads of one engine that a program runs on; JS threads are left alone.
// If the program installs a SIGPROF handler of its own, that is what it gets: sampling then yields nothing.
class Sampler {
public:
  explicit Sampler(Engine &engine) : engine_(engine) {}

  bool start(uint32_t intervalUs, std::string &failure);
  void stop();
  std::vector<uint64_t> take();

  // Nanoseconds of CPU time of the engine's threads since it began, of those that have ended too.
  uint64_t cpuTimeNs();

  // Called by a thread of the engine when it begins and ends.
  void attach(ThreadRecord &thread);
  void detach(ThreadRecord &thread);

private:
  bool startTimer(ThreadRecord &thread);
  void stopTimer(ThreadRecord &thread);
  void stopAll();

  Engine &engine_;
  uint32_t intervalUs_ = 0; // 0: off; guarded by the threads lock
  std::unique_ptr<SampleRing> ring_;
  uint64_t endedNs_ = 0; // of threads that have ended; guarded by the threads lock
};

} // namespace tierlink
