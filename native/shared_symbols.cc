// Job: shared objects from memory, and the descriptors that they were loaded from.
#include "shared_symbols.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace tierlink {
namespace {

struct Shared {
  std::mutex mutex;
  std::map<void *, int> memories;
};

Shared &shared() {
  static auto *one = new Shared;
  return *one;
}

/// The loader takes files of one path for the same, so the descriptor stays open while it has the file.
std::string pathOf(int memory) { return "/proc/self/fd/" + std::to_string(memory); }

/// Whoever has found a name, be it by dlsym, keeps the shared object loaded: it loses its names. Safe because
/// its segment is writable, and each bucket one aligned word, which a lookup on another thread reads once.
void forgetNames(void *symbols) {
  const link_map *map = nullptr;
  if (dlinfo(symbols, RTLD_DI_LINKMAP, &map) != 0)
    return;
  for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag != DT_HASH)
      continue;
    auto *table = reinterpret_cast<uint32_t *>(entry->d_un.d_ptr);
    for (uint32_t bucket = 0; bucket < table[0]; ++bucket)
      std::atomic_ref(table[2 + bucket]).store(0, std::memory_order_relaxed);
  }
}

} // namespace

void *SharedSymbols::open(const uint8_t *file, size_t bytes, std::string &failure) {
  const int memory = memfd_create("tierlink symbols", MFD_CLOEXEC);
  if (memory < 0 || write(memory, file, bytes) != static_cast<ssize_t>(bytes)) {
    failure = std::string("memfd: ") + strerror(errno); // NOLINT(concurrency-mt-unsafe): of control alone
    if (memory >= 0)
      ::close(memory);
    return nullptr;
  }
  void *symbols = dlopen(pathOf(memory).c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (symbols == nullptr) {
    const char *reason = dlerror();
    failure = reason != nullptr ? reason : "dlopen failed";
    ::close(memory);
    return nullptr;
  }
  Shared &all = shared();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.memories.emplace(symbols, memory);
  return symbols;
}

bool SharedSymbols::close(uint64_t number) {
  Shared &all = shared();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.memories.find(reinterpret_cast<void *>(number));
  if (found == all.memories.end())
    return false;
  const auto [symbols, memory] = *found;
  forgetNames(symbols);
  dlclose(symbols);
  // Where it stays loaded, no other file may get its path.
  if (void *kept = dlopen(pathOf(memory).c_str(), RTLD_LAZY | RTLD_NOLOAD))
    dlclose(kept);
  else
    ::close(memory);
  all.memories.erase(found);
  return true;
}

bool SharedSymbols::has(const std::string &name, const void *address) {
  Shared &all = shared();
  std::lock_guard<std::mutex> lock(all.mutex);
  return std::ranges::any_of(
      all.memories, [&](const auto &symbols) { return dlsym(symbols.first, name.c_str()) == address; });
}

} // namespace tierlink
