// Job: pages of thunks, and the queue of those that are free.
#include "callback_thunks.h"

#include <cstdint>
#include <deque>
#include <mutex>

#include "callback.h"
#include "thread_record.h"
#include "thunk_page.h"

extern "C" void tierlinkCallbackEntry();

namespace tierlink {
namespace {

constexpr size_t thunksInPage = thunkPageBytes / thunkBytes;
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
    CallbackHolder &holder = *cellOf(thunk).holder;
    holder.own = callback.get();
    holder.callback = std::move(callback);
    holder.binder.store(&ThreadRecord::here(), std::memory_order_relaxed);
    return thunk;
  }

  void release(const void *thunk) {
    std::shared_ptr<Callback> last; // let go of without the lock
    std::lock_guard<std::mutex> lock(mutex_);
    auto *place = static_cast<uint8_t *>(const_cast<void *>(thunk));
    CallbackHolder &holder = *cellOf(place).holder;
    holder.binder.store(nullptr, std::memory_order_relaxed);
    holder.own = nullptr;
    last.swap(holder.callback);
    freed_.push_back(place);
  }

  std::shared_ptr<Callback> find(const CallbackCell &cell) {
    std::lock_guard<std::mutex> lock(mutex_);
    return cell.holder->callback;
  }

private:
  static CallbackCell &cellOf(uint8_t *thunk) {
    return *reinterpret_cast<CallbackCell *>(thunk + thunkPageBytes);
  }

  bool grow() {
    uint8_t *code = mapThunkPage();
    if (code == nullptr)
      return false;
    auto *holders = new CallbackHolder[thunksInPage];
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
