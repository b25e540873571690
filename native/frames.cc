// Job: leads the unwinder to the index, and remembers what is registered.
#include "frames.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <string_view>
#include <unwind.h>
#include <vector>

#include "frame_index.h"
#include "got_redirect.h"

// What libgcc has in unwind-dw2-fde.h, which is not installed.
struct dwarf_eh_bases {
  void *tbase;
  void *dbase;
  void *func;
};
extern "C" const void *_Unwind_Find_FDE(void *, dwarf_eh_bases *);
extern "C" void __register_frame(void *);
extern "C" void __deregister_frame(void *);

namespace tierlink {
namespace {

// A variable of its own, so that the unwinder finds it without the guard of a function's static.
std::atomic<FrameIndex *> searched{nullptr};

const void *findEntry(void *address, dwarf_eh_bases *bases) {
  FrameIndex *index = searched.load(std::memory_order_acquire);
  if (index != nullptr) {
    const FrameTable::Found found = index->find(reinterpret_cast<uintptr_t>(address));
    if (found.entry != 0) {
      // As libgcc fills them for a registered section: no text or data base applies to it.
      *bases = {nullptr, nullptr, reinterpret_cast<void *>(found.function)};
      return reinterpret_cast<const void *>(found.entry);
    }
  }
  return _Unwind_Find_FDE(address, bases);
}

// libgcc's own entry for its calls of _Unwind_Find_FDE, or null. This library's is another one, so
// `findEntry` reaches the original.
void **ownEntryOfUnwinder() {
  void **own = nullptr;
  visitImports(reinterpret_cast<const void *>(&_Unwind_FindEnclosingFunction),
               [&](std::string_view name, void **entry) {
                 if (name == "_Unwind_Find_FDE")
                   own = entry;
               });
  return own;
}

bool wantsLibgcc() {
  const char *wanted = std::getenv("TIERLINK_UNWIND");
  return wanted != nullptr && std::string_view(wanted) == "libgcc";
}

class Registry {
public:
  static Registry &one() {
    static auto *registry = new Registry;
    return *registry;
  }

  bool add(AddressRange section, AddressRange code, std::string &failure) {
    auto table = FrameTable::read(section, code, failure);
    if (table == nullptr)
      return false;
    std::lock_guard<std::mutex> lock(mutex_);
    const auto [place, isNew] = tables_.try_emplace(section.start, nullptr);
    if (!isNew) {
      failure = "the frame table at this address is registered";
      return false;
    }
    if (indexed_) {
      lead();
      if (!index_.add(*table)) {
        tables_.erase(place);
        failure = "the frame table's code overlaps that of a registered one";
        return false;
      }
    } else {
      __register_frame(reinterpret_cast<void *>(section.start));
    }
    place->second = std::move(table);
    return true;
  }

  bool remove(uintptr_t section) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto place = tables_.find(section);
    if (place == tables_.end())
      return false;
    if (indexed_)
      index_.remove(*place->second);
    else
      __deregister_frame(reinterpret_cast<void *>(section));
    tables_.erase(place);
    return true;
  }

  std::vector<uintptr_t> within(AddressRange memory) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<uintptr_t> inside;
    for (auto at = tables_.lower_bound(memory.start);
         at != tables_.end() && at->first - memory.start < memory.bytes; ++at)
      inside.push_back(at->first);
    return inside;
  }

  bool indexed() const { return indexed_; }

  // The child of a fork has only the thread that forked: nobody would unlock the mutex or end a stay.
  void beforeFork() { mutex_.lock(); }
  void afterFork(bool isChild) {
    if (isChild)
      index_.startAnew();
    mutex_.unlock();
  }

private:
  Registry() {
    void *const anywhere = reinterpret_cast<void *>(&findEntry);
    // The first call through the entry lets the loader bind it, which must not undo what is stored next.
    _Unwind_FindEnclosingFunction(anywhere);
    entry_ = wantsLibgcc() ? nullptr : ownEntryOfUnwinder();
    if (entry_ != nullptr) {
      searched.store(&index_, std::memory_order_release);
      indexed_ = redirectImport(entry_, reinterpret_cast<void *>(&findEntry)) && asks();
    }
  }

  // A thread may have been binding the entry just when it was redirected, and have stored the original since.
  void lead() {
    if (std::atomic_ref(*entry_).load(std::memory_order_relaxed) != reinterpret_cast<void *>(&findEntry))
      redirectImport(entry_, reinterpret_cast<void *>(&findEntry));
  }

  // Whether the unwinder really comes here: a made-up function is found only then.
  bool asks() {
    alignas(8) static const uint8_t code[16] = {};
    // One CIE (version 1, "zR", addresses absolute), one FDE.
    struct Section {
      uint32_t commonBytes = 16, commonId = 0;
      uint8_t common[12] = {1, 'z', 'R', 0, 1, 0x78, 16, 1, 0};
      uint32_t entryBytes = 24, back = 24;
      const void *function = code;
      uint64_t functionBytes = sizeof code;
      uint8_t entry[4] = {};
      uint32_t terminator = 0;
    } __attribute__((packed));
    static const Section section;
    std::string failure;
    const auto table = FrameTable::read({reinterpret_cast<uintptr_t>(&section), sizeof section},
                                        {reinterpret_cast<uintptr_t>(code), sizeof code}, failure);
    if (table == nullptr || !index_.add(*table))
      return false;
    const void *found = _Unwind_FindEnclosingFunction(const_cast<uint8_t *>(code) + 8);
    index_.remove(*table);
    return found == code;
  }

  std::mutex mutex_; // guards the tables, and changes of the index
  std::map<uintptr_t, std::unique_ptr<const FrameTable>> tables_;
  FrameIndex index_;
  void **entry_ = nullptr;
  bool indexed_ = false;
};

} // namespace

bool Frames::add(AddressRange section, AddressRange code, std::string &failure) {
  return Registry::one().add(section, code, failure);
}

bool Frames::remove(uintptr_t section) { return Registry::one().remove(section); }

void Frames::removeWithin(AddressRange memory) {
  for (const uintptr_t section : Registry::one().within(memory))
    remove(section);
}

uintptr_t Frames::functionAround(uintptr_t address) {
  // The unwinder takes a return address, which is behind the call.
  return reinterpret_cast<uintptr_t>(_Unwind_FindEnclosingFunction(reinterpret_cast<void *>(address + 1)));
}

bool Frames::indexed() { return Registry::one().indexed(); }

void Frames::beforeFork() { Registry::one().beforeFork(); }

void Frames::afterFork(bool isChild) { Registry::one().afterFork(isChild); }

} // namespace tierlink
