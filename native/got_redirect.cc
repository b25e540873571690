#include "got_redirect.h"

#include <atomic>
#include <cstdint>
#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tierlink {
namespace {

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

} // namespace

void visitImports(const void *inside, const std::function<void(std::string_view, void **)> &visit) {
  Dl_info info;
  link_map *library = nullptr;
  if (dladdr1(inside, &info, reinterpret_cast<void **>(&library), RTLD_DL_LINKMAP) == 0 || library == nullptr)
    return;
  const DynamicTables tables = readDynamic(library);
  if (tables.symbols == nullptr || tables.names == nullptr || tables.jumps == nullptr)
    return;
  for (size_t at = 0; at < tables.jumpCount; at++) {
    const ElfW(Rela) &jump = tables.jumps[at];
    visit(tables.names + tables.symbols[ELF64_R_SYM(jump.r_info)].st_name,
          reinterpret_cast<void **>(library->l_addr + jump.r_offset));
  }
}

bool redirectImport(void **entry, void *function) {
  const auto pageBytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto *page = reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(entry) & ~(pageBytes - 1));
  // A library bound at load has this page read-only. It stays writable then: other entries may share it.
  if (mprotect(page, pageBytes, PROT_READ | PROT_WRITE) != 0)
    return false;
  // Safe because the entry is aligned and callers load it whole: meanwhile they call either function, and
  // whoever redirects has made sure that both will do.
  std::atomic_ref(*entry).store(function, std::memory_order_release);
  return true;
}

} // namespace tierlink
