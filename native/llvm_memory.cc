// LLVM's bitcode reader trusts counts and references: one flipped bit can make it allocate until the machine
// has no memory left (a parameter index of 2^31 in an attribute group, a constant that contains itself).
// Checking the bytes first would mean to rewrite the reader; a limit for the process would hit the program
// that runs in it. So the entries of libLLVM's own offset table for the allocation functions are pointed to
// the counting ones below.
#include "llvm_memory.h"

#include "got_redirect.h"
#include "llvm_guard.h"

#include "llvm/Bitcode/BitcodeReader.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string_view>

namespace tierlink {
namespace {

/// What LLVM may still allocate on this thread.
__attribute__((tls_model("initial-exec"))) thread_local size_t bytesLeft = SIZE_MAX;

void spend(size_t bytes) {
  if (bytes <= bytesLeft) {
    if (bytesLeft != SIZE_MAX)
      bytesLeft -= bytes;
    return;
  }
  // No lock of the allocator is held here, so leaving is safe.
  bytesLeft = SIZE_MAX;
  leaveGuarded("LLVM asked for more memory than input of this size can need");
}

void *countedMalloc(size_t bytes) {
  spend(bytes);
  return malloc(bytes);
}
void *countedCalloc(size_t count, size_t bytes) {
  size_t total = 0;
  spend(__builtin_mul_overflow(count, bytes, &total) ? SIZE_MAX - 1 : total);
  return calloc(count, bytes);
}
void *countedRealloc(void *old, size_t bytes) {
  spend(bytes);
  return realloc(old, bytes);
}
void *countedNew(size_t bytes) {
  spend(bytes);
  return ::operator new(bytes);
}
void *countedNewArray(size_t bytes) {
  spend(bytes);
  return ::operator new[](bytes);
}
void *countedNewNothrow(size_t bytes, const std::nothrow_t &tag) {
  spend(bytes);
  return ::operator new(bytes, tag);
}
void *countedNewAligned(size_t bytes, std::align_val_t alignment, const std::nothrow_t &tag) {
  spend(bytes);
  return ::operator new(bytes, alignment, tag);
}

struct Counted {
  std::string_view symbol;
  void *function;
};
const std::array<Counted, 7> countedFunctions{{
    {"malloc", reinterpret_cast<void *>(countedMalloc)},
    {"calloc", reinterpret_cast<void *>(countedCalloc)},
    {"realloc", reinterpret_cast<void *>(countedRealloc)},
    {"_Znwm", reinterpret_cast<void *>(countedNew)},
    {"_Znam", reinterpret_cast<void *>(countedNewArray)},
    {"_ZnwmRKSt9nothrow_t", reinterpret_cast<void *>(countedNewNothrow)},
    {"_ZnwmSt11align_val_tRKSt9nothrow_t", reinterpret_cast<void *>(countedNewAligned)},
}};

void install() {
  visitImports(reinterpret_cast<const void *>(&llvm::parseBitcodeFile),
               [](std::string_view name, void **entry) {
                 // The old function and the new one allocate from the same heap, so both may be in use
                 // meanwhile.
                 for (const Counted &counted : countedFunctions)
                   if (name == counted.symbol)
                     redirectImport(entry, counted.function);
               });
}

} // namespace

AllocationBudget::AllocationBudget(size_t bytes) {
  static std::once_flag installed;
  std::call_once(installed, install);
  bytesLeft = bytes;
}

AllocationBudget::~AllocationBudget() { bytesLeft = SIZE_MAX; }

} // namespace tierlink
