// Job: reads stubs and lazy entries as stubs/encoder-x86-64.ts writes them.
#include "lazy_entry.h"

#include <cstring>

#include "engine_state.h"
#include "lazy_calls.h"
#include "trampoline.h"

namespace tierlink {
namespace {

// lea r11, [rip + slot]; call tail
constexpr uintptr_t entryCallEnd = 12;
constexpr uint8_t jumpThroughCell[] = {0xff, 0x25};
constexpr uint8_t loadCellAddress[] = {0x4c, 0x8d, 0x1d};

// The cell that the instruction at `code` refers to, if it begins with these bytes; else 0.
template <size_t Length> uintptr_t cellOf(uintptr_t code, const uint8_t (&opcode)[Length]) {
  const auto *bytes = reinterpret_cast<const uint8_t *>(code);
  if (memcmp(bytes, opcode, Length) != 0)
    return 0;
  int32_t displacement;
  memcpy(&displacement, bytes + Length, sizeof displacement);
  return code + Length + sizeof displacement + static_cast<uintptr_t>(static_cast<intptr_t>(displacement));
}

} // namespace

// Safe because a function that somebody registers can be called, so its code can be read; and because the
// cell that a jump goes through can be, too. What is no address of code (SIG_IGN) lies outside the engine's
// memory.
LazyPlace lazyPlace(Engine &engine, const void *function) {
  const Ring &ring = engine.ring();
  const auto stub = reinterpret_cast<uintptr_t>(function);
  if (stub % sizeof(uint64_t) != 0 || !ring.reaches(stub))
    return {};
  const uintptr_t slot = cellOf(stub, jumpThroughCell);
  if (slot == 0 || slot % sizeof(uint64_t) != 0 || !ring.reaches(slot))
    return {};
  const void *entry = loadSlot(reinterpret_cast<const void *>(slot));
  const auto code = reinterpret_cast<uintptr_t>(entry);
  if (!ring.reaches(code) || cellOf(code, loadCellAddress) != slot)
    return {};
  return {reinterpret_cast<const void *>(slot), entry};
}

const void *tierlinkLazyCall(Engine *engine, const void *slot, uintptr_t behindCall) {
  return engine->lazy().call(slot, reinterpret_cast<const void *>(behindCall - entryCallEnd));
}

} // namespace tierlink
