#include "gdb_symbols.h"

#include <mutex>

// Names, layout and values are the interface's. A debugger stops at the function and reads the descriptor.
// Protected: libLLVM has both, too, and each half of the process is to use its own.
extern "C" {

struct TierlinkJitCodeEntry {
  TierlinkJitCodeEntry *next;
  TierlinkJitCodeEntry *previous;
  const uint8_t *file;
  uint64_t bytes;
};

struct TierlinkJitDescriptor {
  uint32_t version;
  uint32_t action;
  TierlinkJitCodeEntry *relevant;
  TierlinkJitCodeEntry *first;
};

__attribute__((visibility("protected"))) TierlinkJitDescriptor __jit_debug_descriptor = {1, 0, nullptr,
                                                                                         nullptr};

__attribute__((noinline, visibility("protected"))) void __jit_debug_register_code() {
  // Neither removed nor merged with another empty function.
  asm volatile("" ::"r"(&__jit_debug_descriptor) : "memory");
}
}

namespace tierlink {
namespace {

enum Action : uint32_t { Nothing, Register, Unregister };

std::mutex descriptorMutex;

void tell(Action action, TierlinkJitCodeEntry &entry) {
  __jit_debug_descriptor.relevant = &entry;
  __jit_debug_descriptor.action = action;
  __jit_debug_register_code();
  __jit_debug_descriptor.relevant = nullptr;
  __jit_debug_descriptor.action = Nothing;
}

} // namespace

struct GdbSymbols::Entry : TierlinkJitCodeEntry {};

GdbSymbols::GdbSymbols(std::vector<uint8_t> file)
    : file_(std::move(file)), entry_(std::make_unique<Entry>()) {
  const std::lock_guard lock(descriptorMutex);
  entry_->file = file_.data();
  entry_->bytes = file_.size();
  entry_->next = __jit_debug_descriptor.first;
  if (entry_->next != nullptr)
    entry_->next->previous = entry_.get();
  __jit_debug_descriptor.first = entry_.get();
  tell(Register, *entry_);
}

GdbSymbols::~GdbSymbols() {
  const std::lock_guard lock(descriptorMutex);
  if (entry_->previous != nullptr)
    entry_->previous->next = entry_->next;
  else
    __jit_debug_descriptor.first = entry_->next;
  if (entry_->next != nullptr)
    entry_->next->previous = entry_->previous;
  tell(Unregister, *entry_);
}

} // namespace tierlink
