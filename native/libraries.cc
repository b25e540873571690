// Job: opens libraries and remembers which handles are real.
#include "libraries.h"

#include "library_scope.h"
#include "library_threads.h"
#include "library_tls.h"
#include "loaded_library.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <map>
#include <mutex>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

namespace tierlink {
namespace {

struct Opened {
  std::mutex mutex;
  std::set<void *> handles;
  /// Shared objects from memory, with their descriptors.
  std::map<void *, int> symbols;
};

Opened &opened() {
  static auto *one = new Opened;
  return *one;
}

bool isDefinedBy(void *library, const char *name, const void *address) {
  if (const auto index = tlsIndexOf(library, name)) {
    size_t own = 0;
    return dlinfo(library, RTLD_DI_TLS_MODID, &own) == 0 && own == index->module;
  }
  const link_map *own = nullptr;
  const link_map *definer = libraryAround(address);
  return dlinfo(library, RTLD_DI_LINKMAP, &own) != 0 || definer == nullptr || definer == own;
}

/// The loader takes files of one path for the same, so the descriptor stays open while it has the file.
std::string pathOf(int memory) { return "/proc/self/fd/" + std::to_string(memory); }

std::string loaderFailure() {
  const char *reason = dlerror();
  return reason != nullptr ? reason : "dlopen failed";
}

void adopt(void *library, const std::set<const void *> &before) {
  preferOwnSymbols(library, before);
  watchThreadsOf(library, before);
}

/// What openSymbols has named is for libraries alone, not for other engines.
bool isOfProgram(const std::string &name, const void *address) {
  Opened &all = opened();
  std::lock_guard<std::mutex> lock(all.mutex);
  return std::ranges::any_of(
      all.symbols, [&](const auto &symbols) { return dlsym(symbols.first, name.c_str()) == address; });
}

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

void *Libraries::openForProgram(const char *path, int flags) {
  if (path == nullptr)
    return dlopen(path, flags);
  const auto before = loadedLibraries();
  // At once, since what is looked for later would be found in Node first.
  void *library = dlopen(path, (flags & ~RTLD_LAZY) | RTLD_NOW);
  if (library == nullptr && (flags & RTLD_NOW) == 0)
    library = dlopen(path, flags);
  if (library == nullptr)
    return nullptr;
  adopt(library, before);
  dlerror(); // of what was tried meanwhile
  return library;
}

void *Libraries::openSymbols(const uint8_t *file, size_t bytes, std::string &failure) {
  const int memory = memfd_create("tierlink symbols", MFD_CLOEXEC);
  if (memory < 0 || write(memory, file, bytes) != static_cast<ssize_t>(bytes)) {
    failure = std::string("memfd: ") + strerror(errno); // NOLINT(concurrency-mt-unsafe): of control alone
    if (memory >= 0)
      close(memory);
    return nullptr;
  }
  void *symbols = dlopen(pathOf(memory).c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (symbols == nullptr) {
    failure = loaderFailure();
    close(memory);
    return nullptr;
  }
  Opened &all = opened();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.symbols.emplace(symbols, memory);
  return symbols;
}

bool Libraries::closeSymbols(uint64_t number) {
  Opened &all = opened();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.symbols.find(reinterpret_cast<void *>(number));
  if (found == all.symbols.end())
    return false;
  const auto [symbols, memory] = *found;
  forgetNames(symbols);
  dlclose(symbols);
  // Where it stays loaded, no other file may get its path.
  if (void *kept = dlopen(pathOf(memory).c_str(), RTLD_LAZY | RTLD_NOLOAD))
    dlclose(kept);
  else
    close(memory);
  all.symbols.erase(found);
  return true;
}

void *Libraries::open(const std::string &path, std::string &failure) {
  const auto before = loadedLibraries();
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    failure = loaderFailure();
    return nullptr;
  }
  adopt(library, before);
  Opened &all = opened();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.handles.insert(library);
  return library;
}

std::optional<void *> Libraries::find(uint64_t number) {
  auto *library = reinterpret_cast<void *>(number);
  if (library == RTLD_DEFAULT)
    return library;
  Opened &all = opened();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (all.handles.count(library) == 0)
    return std::nullopt;
  return library;
}

// A handle leads to what the library depends on, too. What the process has as well must not come from there:
// the process may use a copy of a variable (a copy relocation), and the runtime replaces functions of libc.
void *Libraries::symbol(void *library, const std::string &name) {
  void *address = dlsym(library, name.c_str());
  if (library == RTLD_DEFAULT && address != nullptr && isOfProgram(name, address))
    return nullptr;
  if (address == nullptr || library == RTLD_DEFAULT || dlsym(RTLD_DEFAULT, name.c_str()) == nullptr)
    return address;
  return isDefinedBy(library, name.c_str(), address) ? address : nullptr;
}

} // namespace tierlink
