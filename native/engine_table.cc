// Job: keeps weak references only: an engine lives for as long as its handles, functions and threads do.
#include "engine_table.h"

#include <mutex>
#include <sys/random.h>
#include <vector>

#include "engine_state.h"

namespace tierlink {
namespace {

struct Shared {
  uint64_t number;
  const Engine *engine; // only compared
  std::weak_ptr<Engine> reference;
};

std::mutex &mutex() {
  static auto *one = new std::mutex;
  return *one;
}

// Guarded by the mutex; a handful at most.
std::vector<Shared> &table() {
  static auto *list = new std::vector<Shared>;
  return *list;
}

} // namespace

uint64_t EngineTable::share(const std::shared_ptr<Engine> &engine) {
  std::lock_guard<std::mutex> guard(mutex());
  for (const Shared &one : table()) {
    if (one.engine == engine.get())
      return one.number;
  }
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number)
    return 0;
  number |= 1; // never 0
  table().push_back({number, engine.get(), engine});
  return number;
}

std::shared_ptr<Engine> EngineTable::find(uint64_t number) {
  std::lock_guard<std::mutex> guard(mutex());
  for (const Shared &one : table()) {
    if (one.number == number)
      return one.reference.lock();
  }
  return nullptr;
}

// Before the engine's memory can be used for another one, which would then have this number.
void EngineTable::forget(const Engine &engine) {
  std::lock_guard<std::mutex> guard(mutex());
  std::erase_if(table(), [&](const Shared &one) { return one.engine == &engine; });
}

} // namespace tierlink
