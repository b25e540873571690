// Job: opens libraries and remembers which handles are real.
#include "libraries.h"

#include "library_scope.h"
#include "library_threads.h"
#include "library_tls.h"
#include "loaded_library.h"
#include "shared_symbols.h"

#include <dlfcn.h>
#include <link.h>
#include <mutex>
#include <set>

namespace tierlink {
namespace {

struct Opened {
  std::mutex mutex;
  std::set<void *> handles;
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

void adopt(void *library, const std::set<const void *> &before) {
  preferOwnSymbols(library, before);
  watchThreadsOf(library, before);
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

void *Libraries::open(const std::string &path, std::string &failure) {
  const auto before = loadedLibraries();
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char *reason = dlerror();
    failure = reason != nullptr ? reason : "dlopen failed";
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
  if (library == RTLD_DEFAULT && address != nullptr && SharedSymbols::has(name, address))
    return nullptr;
  if (address == nullptr || library == RTLD_DEFAULT || dlsym(RTLD_DEFAULT, name.c_str()) == nullptr)
    return address;
  return isDefinedBy(library, name.c_str(), address) ? address : nullptr;
}

} // namespace tierlink
