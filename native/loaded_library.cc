// Job: asks glibc's index of loaded libraries, which is there for unwinding.
#include "loaded_library.h"

#include <dlfcn.h>

namespace tierlink {

const link_map *libraryAround(const void *address) {
  dl_find_object found{};
  // Safe because it only compares addresses.
  return _dl_find_object(const_cast<void *>(address), &found) == 0 ? found.dlfo_link_map : nullptr;
}

} // namespace tierlink
