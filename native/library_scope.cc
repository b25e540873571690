// Job: finds references of new libraries that lead to the host's executable, and corrects them.
#include "library_scope.h"

#include "got_redirect.h"
#include "library_threads.h"
#include "loaded_library.h"

#include <cstdint>
#include <dlfcn.h>
#include <link.h>
#include <string>
#include <string_view>

namespace tierlink {
namespace {

// What a library defines under a name at an address, by the hash table that the loader uses; null if it
// doesn't. Not dladdr, which looks at each of its symbols. Its format: glibc, elf/dl-lookup.c.
const ElfW(Sym) * definitionOf(const link_map *library, std::string_view name, const void *address) {
  const ElfW(Sym) *symbols = nullptr;
  const char *names = nullptr;
  const uint32_t *table = nullptr;
  for (const ElfW(Dyn) *entry = library->l_ld; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB)
      symbols = reinterpret_cast<const ElfW(Sym) *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_STRTAB)
      names = reinterpret_cast<const char *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_GNU_HASH)
      table = reinterpret_cast<const uint32_t *>(entry->d_un.d_ptr);
  }
  if (symbols == nullptr || names == nullptr || table == nullptr)
    return nullptr;
  const uint32_t buckets = table[0];
  const uint32_t first = table[1];
  const uint32_t filterWords = table[2];
  const uint32_t *bucket = table + 4 + (size_t{filterWords} * 2);
  const uint32_t *chain = bucket + buckets;
  uint32_t hash = 5381;
  for (const unsigned char each : name)
    hash = (hash * 33) + each;
  uint32_t at = buckets == 0 ? 0 : bucket[hash % buckets];
  if (at < first)
    return nullptr;
  // The last of a bucket has an odd entry.
  for (;; at++) {
    const uint32_t entry = chain[at - first];
    const ElfW(Sym) &symbol = symbols[at];
    if ((entry | 1) == (hash | 1) && name == names + symbol.st_name && symbol.st_shndx != SHN_UNDEF &&
        library->l_addr + symbol.st_value == reinterpret_cast<uintptr_t>(address))
      return &symbol;
    if ((entry & 1) != 0)
      return nullptr;
  }
}

// Whether it was defined to be the only one: what C++ makes wherever it is used (templates, type information)
// is weak, and one of them serves all.
bool isStrong(const link_map *library, std::string_view name, const void *address) {
  const auto *symbol = definitionOf(library, name, address);
  return symbol != nullptr && ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL;
}

// Where the host's executable is in the loader's list: first.
const link_map *hostMap() {
  const link_map *map = nullptr;
  return dlinfo(dlopen(nullptr, RTLD_NOW), RTLD_DI_LINKMAP, &map) == 0 ? map : nullptr;
}

} // namespace

void preferOwnSymbols(void *handle, const std::set<const void *> &before) {
  const link_map *host = hostMap();
  const auto isNew = [&before](const link_map *library) {
    return library != nullptr && !before.contains(library->l_ld);
  };
  for (const void *library : loadedLibraries()) {
    if (before.contains(library))
      continue;
    visitReferences(library, [&](std::string_view name, void **entry, intptr_t addend) {
      if (libraryAround(static_cast<char *>(*entry) - addend) != host)
        return;
      auto *own = static_cast<char *>(dlsym(handle, std::string(name).c_str()));
      const link_map *owner = own == nullptr ? nullptr : libraryAround(own);
      if (isNew(owner) && isStrong(owner, name, own))
        redirectImport(entry, own + addend);
    });
  }
}

} // namespace tierlink
