// Job: function pointers that stand for JS functions, as many as are wanted, and what each of them leads to.
//
// They belong to the process, not to an engine, and are never unmapped: a pointer that is called after its
// callback was freed, or after its engine is gone, still comes to code that says so.
#pragma once

#include <atomic>
#include <memory>

namespace tierlink {

class Callback;
struct ThreadRecord;

// What a thunk leads to; nothing once it was released.
struct CallbackHolder {
  std::shared_ptr<Callback> callback; // guarded by the lock of the thunks
  // The same for the thread that bound it, which alone releases it; another one only compares `binder`.
  std::atomic<const ThreadRecord *> binder{nullptr};
  Callback *own = nullptr;
};

// What a thunk jumps through, one page behind it. The assembler file knows this.
struct CallbackCell {
  const void *entry;
  CallbackHolder *holder;
};

class CallbackThunks {
public:
  // A pointer that leads to a callback from now on. Null if the kernel gives no memory.
  static const void *bind(std::shared_ptr<Callback> callback);
  // The pointer leads to nothing any more. It is not given to another callback before 1,024 others were
  // freed.
  static void release(const void *thunk);
  // Null once it was released.
  static std::shared_ptr<Callback> find(const CallbackCell &cell);
  // The same without a lock, on the thread that bound it: good until it is released. Null on others, too.
  static Callback *findOwn(const CallbackCell &cell, const ThreadRecord *here) {
    const bool isOwn = here != nullptr && cell.holder->binder.load(std::memory_order_relaxed) == here;
    return isOwn ? cell.holder->own : nullptr;
  }
};

} // namespace tierlink
