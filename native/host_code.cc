// Job: asks V8 for its code range, and keeps the answers of all isolates.
#include "host_code.h"

#include <algorithm>
#include <dlfcn.h>
#include <mutex>

namespace tierlink {
namespace {

std::mutex &mutex() {
  static auto *one = new std::mutex;
  return *one;
}

// Guarded by the mutex.
std::vector<AddressRange> &noted() {
  static auto *list = new std::vector<AddressRange>;
  return *list;
}

// Node-API has no such question, so these two of V8's public functions are looked up by name: a Node that
// lacks one is one whose code range is not known, and nothing else is lost.
AddressRange ask() {
  // v8::Isolate::GetCurrent(), v8::Isolate::GetCodeRange(void **start, size_t *length)
  const auto current = reinterpret_cast<void *(*)()>(dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv"));
  const auto codeRange = reinterpret_cast<void (*)(void *, void **, size_t *)>(
      dlsym(RTLD_DEFAULT, "_ZN2v87Isolate12GetCodeRangeEPPvPm"));
  void *isolate = current == nullptr ? nullptr : current();
  if (isolate == nullptr || codeRange == nullptr)
    return {};
  void *start = nullptr;
  size_t bytes = 0;
  // Safe because the mangled name fixes the parameters, and `this` is passed as the first of them.
  codeRange(isolate, &start, &bytes);
  return {reinterpret_cast<uintptr_t>(start), bytes};
}

} // namespace

AddressRange HostCode::note() {
  const AddressRange range = ask();
  std::lock_guard<std::mutex> guard(mutex());
  if (range.bytes != 0)
    noted().push_back(range);
  return range;
}

void HostCode::forget(AddressRange range) {
  std::lock_guard<std::mutex> guard(mutex());
  auto &list = noted();
  const auto place = std::find_if(list.begin(), list.end(), [&](const AddressRange &one) {
    return one.start == range.start && one.bytes == range.bytes;
  });
  if (place != list.end())
    list.erase(place);
}

std::vector<AddressRange> HostCode::ranges() {
  std::lock_guard<std::mutex> guard(mutex());
  return noted();
}

} // namespace tierlink
