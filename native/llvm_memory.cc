// LLVM's bitcode reader trusts counts and references: one flipped bit can make it allocate until the machine
// has no memory left (a parameter index of 2^31 in an attribute group, a constant that contains itself).
// Checking the bytes first would mean to rewrite the reader; a limit for the process would hit the program
// that runs in it. So the entries of libLLVM's own offset table for the allocation functions are pointed to
// the counting ones below. This is what LD_PRELOAD would do, for one library and after it was loaded.
#include "llvm_memory.h"

#include "llvm_guard.h"

#include "llvm/Bitcode/BitcodeReader.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <link.h>
#include <mutex>
#include <new>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

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

/// The dynamic section's entries that this needs. The loader has made the addresses absolute.
struct DynamicTables {
  const ElfW(Sym) *symbols = nullptr;
  const char *names = nullptr;
  const ElfW(Rela) *jumps = nullptr;
  size_t jumpCount = 0;
};

DynamicTables readDynamic(const link_map *library) {
  DynamicTables tables;
  for (const ElfW(Dyn) *entry = library->l_ld; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB)
      tables.symbols = reinterpret_cast<const ElfW(Sym) *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_STRTAB)
      tables.names = reinterpret_cast<const char *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_JMPREL)
      tables.jumps = reinterpret_cast<const ElfW(Rela) *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_PLTRELSZ)
      tables.jumpCount = entry->d_un.d_val / sizeof(ElfW(Rela));
  }
  return tables;
}

void redirect(uintptr_t slot, void *function) {
  const auto pageBytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto *page = reinterpret_cast<void *>(slot & ~(pageBytes - 1));
  // A library bound at load has this page read-only. It stays writable then: other entries may share it.
  if (mprotect(page, pageBytes, PROT_READ | PROT_WRITE) != 0)
    return;
  // Safe because the slot is aligned and callers load it whole; the old function and the new one may both be
  // called meanwhile, and both allocate from the same heap.
  std::atomic_ref(*reinterpret_cast<void **>(slot)).store(function, std::memory_order_release);
}

void install() {
  Dl_info info;
  link_map *library = nullptr;
  auto *anchor = reinterpret_cast<void *>(&llvm::parseBitcodeFile);
  if (dladdr1(anchor, &info, reinterpret_cast<void **>(&library), RTLD_DL_LINKMAP) == 0)
    return;
  DynamicTables tables = readDynamic(library);
  if (tables.symbols == nullptr || tables.names == nullptr || tables.jumps == nullptr)
    return;
  for (size_t at = 0; at < tables.jumpCount; at++) {
    const ElfW(Rela) &jump = tables.jumps[at];
    std::string_view name = tables.names + tables.symbols[ELF64_R_SYM(jump.r_info)].st_name;
    for (const Counted &counted : countedFunctions)
      if (name == counted.symbol)
        redirect(library->l_addr + jump.r_offset, counted.function);
  }
}

} // namespace

AllocationBudget::AllocationBudget(size_t bytes) {
  static std::once_flag installed;
  std::call_once(installed, install);
  bytesLeft = bytes;
}

AllocationBudget::~AllocationBudget() { bytesLeft = SIZE_MAX; }

} // namespace tierlink
