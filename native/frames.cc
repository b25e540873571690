// Job: calls libgcc's registration and remembers what is registered.
#include "frames.h"

#include <mutex>
#include <set>
#include <vector>

#include "arena.h"

extern "C" void __register_frame(void *);
extern "C" void __deregister_frame(void *);

namespace tierlink {
namespace {

struct Registry {
  std::mutex mutex;
  std::set<uintptr_t> addresses;
};

Registry &registry() {
  static auto *one = new Registry;
  return *one;
}

} // namespace

bool Frames::add(uintptr_t address) {
  Registry &all = registry();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (address == 0 || !all.addresses.insert(address).second)
    return false;
  __register_frame(reinterpret_cast<void *>(address));
  return true;
}

bool Frames::remove(uintptr_t address) {
  Registry &all = registry();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (all.addresses.erase(address) == 0)
    return false;
  __deregister_frame(reinterpret_cast<void *>(address));
  return true;
}

void Frames::removeWithin(const Arena &arena) {
  std::vector<uintptr_t> inside;
  {
    Registry &all = registry();
    std::lock_guard<std::mutex> lock(all.mutex);
    for (uintptr_t address : all.addresses) {
      if (arena.contains(address, 1))
        inside.push_back(address);
    }
  }
  for (uintptr_t address : inside)
    remove(address);
}

} // namespace tierlink
