// Job: engines by a number that can't be guessed, so that one JS environment can name its engine to another.
#pragma once

#include <cstdint>
#include <memory>

namespace tierlink {

class Engine;

class EngineTable {
public:
  // The number of an engine, the same one each time; 0 if the kernel gives no random bytes.
  static uint64_t share(const std::shared_ptr<Engine> &engine);
  // The engine of a number; null if there is none, or none any more.
  static std::shared_ptr<Engine> find(uint64_t number);
  // The engine is closed: its number leads nowhere from now on.
  static void forget(const Engine &engine);
};

} // namespace tierlink
