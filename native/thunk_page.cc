#include "thunk_page.h"

#include <cstring>
#include <sys/mman.h>

extern "C" const uint8_t tierlinkCallbackThunk[];

namespace tierlink {

uint8_t *mapThunkPage() {
  void *memory =
      mmap(nullptr, 2 * thunkPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  auto *code = static_cast<uint8_t *>(memory);
  for (size_t at = 0; at < thunkPageBytes; at += thunkBytes)
    memcpy(code + at, tierlinkCallbackThunk, thunkBytes);
  if (mprotect(code, thunkPageBytes, PROT_READ | PROT_EXEC) == 0)
    return code;
  munmap(memory, 2 * thunkPageBytes);
  return nullptr;
}

} // namespace tierlink
