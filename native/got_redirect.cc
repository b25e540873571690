#include "got_redirect.h"

#include "loaded_library.h"

#include <atomic>
#include <cstdint>
#include <dlfcn.h>
#include <link.h>
#include <optional>
#include <span>
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
  const ElfW(Rela) *others = nullptr;
  size_t otherCount = 0;
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
    if (entry->d_tag == DT_RELA)
      tables.others = reinterpret_cast<const ElfW(Rela) *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_RELASZ)
      tables.otherCount = entry->d_un.d_val / sizeof(ElfW(Rela));
  }
  return tables;
}

struct Library {
  const link_map *map;
  DynamicTables tables;
};

std::optional<Library> readAround(const void *inside) {
  const link_map *map = libraryAround(inside);
  if (map == nullptr)
    return std::nullopt;
  Library library{map, readDynamic(map)};
  if (library.tables.symbols == nullptr || library.tables.names == nullptr)
    return std::nullopt;
  return library;
}

using Visit = std::function<void(std::string_view name, void **entry, intptr_t addend)>;

void visitAll(const Library &library, std::span<const ElfW(Rela)> relocations, const Visit &visit) {
  for (const ElfW(Rela) &one : relocations) {
    const auto type = ELF64_R_TYPE(one.r_info);
    if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && type != R_X86_64_64)
      continue;
    const ElfW(Sym) &symbol = library.tables.symbols[ELF64_R_SYM(one.r_info)];
    visit(library.tables.names + symbol.st_name,
          reinterpret_cast<void **>(library.map->l_addr + one.r_offset),
          type == R_X86_64_64 ? one.r_addend : 0);
  }
}

} // namespace

void visitImports(const void *inside, const std::function<void(std::string_view, void **)> &visit) {
  if (const auto library = readAround(inside); library && library->tables.jumps != nullptr)
    visitAll(*library, {library->tables.jumps, library->tables.jumpCount},
             [&visit](std::string_view name, void **entry, intptr_t) { visit(name, entry); });
}

void visitReferences(const void *inside, const Visit &visit) {
  const auto library = readAround(inside);
  if (!library)
    return;
  if (library->tables.jumps != nullptr)
    visitAll(*library, {library->tables.jumps, library->tables.jumpCount}, visit);
  if (library->tables.others != nullptr)
    visitAll(*library, {library->tables.others, library->tables.otherCount}, visit);
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
