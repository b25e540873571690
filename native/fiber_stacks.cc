#include "fiber_stacks.h"

#include <atomic>
#include <iterator>
#include <map>
#include <mutex>

namespace tierlink {
namespace {

struct Known {
  uintptr_t high;
  const Engine *owner;
};

// Never destroyed: threads outlive the end of the process's statics.
struct Registry {
  std::atomic<uint64_t> added{0};
  std::mutex mutex;
  std::map<uintptr_t, Known> stacks; // by their low end
};

Registry &registry() {
  static auto *all = new Registry;
  return *all;
}

} // namespace

void FiberStacks::add(const Engine *owner, uintptr_t low, size_t bytes) {
  uintptr_t high;
  if (bytes == 0 || __builtin_add_overflow(low, bytes, &high))
    return;
  std::lock_guard<std::mutex> lock(registry().mutex);
  registry().added.fetch_add(1);
  auto &stacks = registry().stacks;
  auto place = stacks.lower_bound(low);
  if (place != stacks.begin() && std::prev(place)->second.high > low)
    --place;
  while (place != stacks.end() && place->first < high)
    place = stacks.erase(place);
  stacks.emplace_hint(place, low, Known{high, owner});
}

void FiberStacks::remove(uintptr_t low) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  registry().stacks.erase(low);
}

void FiberStacks::forget(const Engine &owner) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  std::erase_if(registry().stacks, [&owner](const auto &one) { return one.second.owner == &owner; });
}

uint64_t FiberStacks::added() { return registry().added.load(); }

std::vector<FiberStack> FiberStacks::all() {
  std::lock_guard<std::mutex> lock(registry().mutex);
  std::vector<FiberStack> found;
  for (const auto &[low, known] : registry().stacks)
    found.push_back({low, known.high});
  return found;
}

} // namespace tierlink
