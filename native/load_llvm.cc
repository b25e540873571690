#include "load_llvm.h"

#include <atomic>
#include <dlfcn.h>

namespace tierlink {
namespace {

std::atomic<const LlvmHalf *> loaded{nullptr};

/// The file lies beside this one, under its own name.
std::string pathBeside(const char *name) {
  Dl_info self;
  if (dladdr(reinterpret_cast<const void *>(&loadLlvm), &self) == 0 || self.dli_fname == nullptr)
    return name;
  const std::string path = self.dli_fname;
  return path.substr(0, path.rfind('/') + 1) + name;
}

} // namespace

std::mutex &llvmLoadLock() {
  static auto *mutex = new std::mutex;
  return *mutex;
}

std::variant<const LlvmHalf *, Failure> loadLlvm() {
  if (const LlvmHalf *half = loaded.load(std::memory_order_acquire))
    return half;
  std::lock_guard lock(llvmLoadLock());
  if (const LlvmHalf *half = loaded.load(std::memory_order_acquire))
    return half;
  const std::string path = pathBeside("tierlink_llvm.so");
  const auto missing = [&](std::string reason) { return Failure{"missing", std::move(reason), path}; };
  // Local, so that no name of LLVM 22 gets in the way of another LLVM in this process. Never unloaded: its
  // threads' handlers and its exit handlers refer to it. Lazily bound, as Node loads addons.
  void *library = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    const char *reason = dlerror();
    return missing(reason == nullptr ? "dlopen failed" : reason);
  }
  auto entry = reinterpret_cast<LlvmHalfEntry>(dlsym(library, "tierlink_llvm"));
  const LlvmHalf *half = entry == nullptr ? nullptr : entry(TIERLINK_INTERFACE_HASH);
  if (half == nullptr) {
    dlclose(library);
    return missing(path +
                   (entry == nullptr ? ": is not tierlink's" : ": belongs to another build of tierlink"));
  }
  loaded.store(half, std::memory_order_release);
  return half;
}

} // namespace tierlink
