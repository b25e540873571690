// Job: finds references of new libraries that lead to the host's executable, and corrects them.
#include "library_scope.h"

#include "got_redirect.h"
#include "library_threads.h"
#include "loaded_library.h"

#include <cstdint>
#include <dlfcn.h>
#include <link.h>
#include <string>

namespace tierlink {
namespace {

// Whether the symbol at an address was defined to be the only one: what C++ makes wherever it is used
// (templates, type information) is weak, and one of them serves all.
bool isStrong(const void *address) {
  Dl_info info;
  void *symbol = nullptr;
  return dladdr1(address, &info, &symbol, RTLD_DL_SYMENT) != 0 && symbol != nullptr &&
         ELF64_ST_BIND(static_cast<const ElfW(Sym) *>(symbol)->st_info) == STB_GLOBAL;
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
      if (own != nullptr && isNew(libraryAround(own)) && isStrong(own))
        redirectImport(entry, own + addend);
    });
  }
}

} // namespace tierlink
