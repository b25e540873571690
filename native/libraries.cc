// Job: opens libraries and remembers which handles are real.
#include "libraries.h"

#include "library_scope.h"
#include "library_threads.h"
#include "library_tls.h"

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
  Dl_info info;
  void *definer = nullptr;
  return dlinfo(library, RTLD_DI_LINKMAP, &own) != 0 ||
         dladdr1(address, &info, &definer, RTLD_DL_LINKMAP) == 0 || definer == own;
}

} // namespace

void *Libraries::open(const std::string &path, std::string &failure) {
  const auto before = loadedLibraries();
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char *reason = dlerror();
    failure = reason != nullptr ? reason : "dlopen failed";
    return nullptr;
  }
  preferOwnSymbols(library, before);
  watchThreadsOf(library, before);
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
  if (address == nullptr || library == RTLD_DEFAULT || dlsym(RTLD_DEFAULT, name.c_str()) == nullptr)
    return address;
  return isDefinedBy(library, name.c_str(), address) ? address : nullptr;
}

} // namespace tierlink
