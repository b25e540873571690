// Job: pages of thunks, and the queue of those that are free.
#include "callback_thunks.h"

#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <sys/mman.h>

#include "callback.h"

extern "C" {
extern const uint8_t tierlinkCallbackThunk[];
void tierlinkCallbackEntry();
}

namespace tierlink {
namespace {

// The assembler file knows both.
constexpr size_t pageBytes = 4096;
constexpr size_t thunkBytes = 16;
constexpr size_t thunksInPage = pageBytes / thunkBytes;
static_assert(sizeof(CallbackCell) == thunkBytes);

// As many freed ones wait before the first of them is used again.
constexpr size_t quarantine = 1024;

class Pool {
public:
  // Never destroyed: threads outlive the end of the process's statics.
  static Pool &one() {
    static auto *pool = new Pool;
    return *pool;
  }

  const void *bind(std::shared_ptr<Callback> callback) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::deque<uint8_t *> &from = freed_.size() > quarantine ? freed_ : unused_;
    if (from.empty() && !grow())
      return nullptr;
    uint8_t *thunk = from.front();
    from.pop_front();
    *cellOf(thunk).holder = std::move(callback);
    return thunk;
  }

  void release(const void *thunk) {
    std::shared_ptr<Callback> last; // let go of without the lock
    std::lock_guard<std::mutex> lock(mutex_);
    auto *place = static_cast<uint8_t *>(const_cast<void *>(thunk));
    last.swap(*cellOf(place).holder);
    freed_.push_back(place);
  }

  std::shared_ptr<Callback> find(const CallbackCell &cell) {
    std::lock_guard<std::mutex> lock(mutex_);
    return *cell.holder;
  }

private:
  static CallbackCell &cellOf(uint8_t *thunk) { return *reinterpret_cast<CallbackCell *>(thunk + pageBytes); }

  // A page of thunks, which is not writable any more once it is executable, and one of cells.
  bool grow() {
    void *memory = mmap(nullptr, 2 * pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return false;
    auto *code = static_cast<uint8_t *>(memory);
    for (size_t at = 0; at < pageBytes; at += thunkBytes)
      memcpy(code + at, tierlinkCallbackThunk, thunkBytes);
    if (mprotect(code, pageBytes, PROT_READ | PROT_EXEC) != 0) {
      munmap(memory, 2 * pageBytes);
      return false;
    }
    auto *holders = new std::shared_ptr<Callback>[thunksInPage];
    for (size_t i = 0; i < thunksInPage; ++i) {
      uint8_t *thunk = code + i * thunkBytes;
      cellOf(thunk) = {reinterpret_cast<const void *>(&tierlinkCallbackEntry), &holders[i]};
      unused_.push_back(thunk);
    }
    return true;
  }

  std::mutex mutex_;
  std::deque<uint8_t *> unused_;
  std::deque<uint8_t *> freed_; // first freed first
};

} // namespace

const void *CallbackThunks::bind(std::shared_ptr<Callback> callback) {
  return Pool::one().bind(std::move(callback));
}

void CallbackThunks::release(const void *thunk) { Pool::one().release(thunk); }

std::shared_ptr<Callback> CallbackThunks::find(const CallbackCell &cell) { return Pool::one().find(cell); }

} // namespace tierlink
