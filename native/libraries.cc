// Job: opens libraries and remembers which handles are real.
#include "libraries.h"

#include <dlfcn.h>
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

} // namespace

void *Libraries::open(const std::string &path, std::string &failure) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char *reason = dlerror();
    failure = reason != nullptr ? reason : "dlopen failed";
    return nullptr;
  }
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

void *Libraries::symbol(void *library, const std::string &name) { return dlsym(library, name.c_str()); }

} // namespace tierlink
