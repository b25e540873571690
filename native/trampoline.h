// Job: the few steps that C++ can't express: a call with computed registers, and a jump out of a program.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tierlink {

// Where tierlinkLeave goes to.
struct JumpFrame {
  void *stackPointer = nullptr;
  const void *code = nullptr;
};

// Registers and stack words of one call under the System V ABI. The assembler file knows these offsets.
struct CallFrame {
  uint64_t general[6];
  uint64_t vector[8];
  const uint64_t *stack;
  uint64_t stackWords;
  uint64_t vectorCount; // becomes al, which a variadic callee reads
  uint64_t rax;         // results
  uint64_t xmm0;
  JumpFrame back;
};
static_assert(offsetof(CallFrame, stack) == 112 && offsetof(CallFrame, back) == 152);

// The code a slot leads to now; null if nothing was published.
inline const void *loadSlot(const void *slot) {
  // Acquire pairs with the publishing store: a version is complete before its address can be seen here.
  return reinterpret_cast<const void *>(
      __atomic_load_n(static_cast<const uintptr_t *>(slot), __ATOMIC_ACQUIRE));
}

extern "C" {
// Calls target with the frame's registers and stores rax and xmm0. Exceptions and longjmp pass through.
// Returns 0 when it returns, 1 when code below it called tierlinkLeave(&frame->back).
int tierlinkCall(const void *target, CallFrame *frame);
// Where what it calls returns to; the same for the calls of fast_call.h.
extern const uint8_t tierlinkCallReturn[];
extern const uint8_t tierlinkFastReturn[];
// Where tierlinkLeave goes to from a call of fast_call.h.
extern const uint8_t tierlinkFastLeft[];
// Calls body(argument). Returns 0 when it returns, 1 when code below it called tierlinkLeave(frame).
int tierlinkProtect(JumpFrame *frame, void (*body)(void *), void *argument);
// Abandons everything below the tierlinkProtect or tierlinkCall that filled the frame, on the same thread.
[[noreturn]] void tierlinkLeave(JumpFrame *frame);
}

} // namespace tierlink
