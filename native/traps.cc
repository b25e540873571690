// Job: the signal handler, which is async-signal-safe, and its stack.
#include "traps.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <sys/mman.h>
#include <ucontext.h>

#include "engine_state.h"
#include "leaf_functions.h"
#include "signal_relay.h"
#include "signal_stack.h"
#include "thread_record.h"
#include "trampoline.h"

namespace tierlink {
namespace {

// Nothing is mapped below, as the kernel wants it (vm.mmap_min_addr).
constexpr uintptr_t nullBytes = 65536;
// A frame that does not fit on the stack reaches no farther than this beyond its end.
constexpr uintptr_t overflowBytes = 1ull << 20;
constexpr uintptr_t userEnd = 1ull << 47;
constexpr greg_t instructionFetch = 0x10;      // bit of a page fault's error code
constexpr greg_t keptFlags = ~greg_t{0x40500}; // without alignment checks, direction and single steps

void onTrap(int signal, siginfo_t *info, void *context);

struct Relay {
  int signal;
  SignalRelay relay;
};
constinit std::array<Relay, 5> relays{{{SIGSEGV, SignalRelay(onTrap)},
                                       {SIGBUS, SignalRelay(onTrap)},
                                       {SIGFPE, SignalRelay(onTrap)},
                                       {SIGILL, SignalRelay(onTrap)},
                                       {SIGTRAP, SignalRelay(onTrap)}}};

uintptr_t registerOf(const ucontext_t &context, int index) {
  return static_cast<uintptr_t>(context.uc_mcontext.gregs[index]);
}

// The compiled call that leads to a function that has no frame, or is none: the stack holds where it returns
// to. 0 if that was no compiled code. It may have been a jump, with which compiled code ended; then it is
// what was entered.
uintptr_t callerOf(const Engine &engine, const ThreadRecord &thread, uintptr_t stackPointer) {
  if (stackPointer < thread.stackLow || stackPointer >= thread.stackHigh ||
      stackPointer % sizeof(uintptr_t) != 0)
    return 0;
  const uintptr_t back = *reinterpret_cast<const uintptr_t *>(stackPointer);
  if (back == reinterpret_cast<uintptr_t>(tierlinkCallReturn) ||
      back == reinterpret_cast<uintptr_t>(tierlinkFastReturn))
    return reinterpret_cast<uintptr_t>(thread.entered);
  return engine.holds(back) ? back - 1 : 0;
}

Trap::Kind kindOf(int signal, const siginfo_t &info, const ucontext_t &context, const ThreadRecord &thread) {
  if (signal == SIGFPE)
    return Trap::Kind::Division;
  if (signal == SIGILL || signal == SIGTRAP)
    return Trap::Kind::Unreachable;
  const auto address = reinterpret_cast<uintptr_t>(info.si_addr);
  // Of an address that is none at all the kernel tells nothing.
  if (signal != SIGSEGV || info.si_code == SI_KERNEL)
    return Trap::Kind::InvalidAccess;
  if (address < nullBytes)
    return Trap::Kind::NullDereference;
  const uintptr_t stackPointer = registerOf(context, REG_RSP);
  const uintptr_t from = std::min(stackPointer, thread.stackLow) - overflowBytes;
  return thread.stackLow != 0 && address >= from && address < thread.stackLow + signalStackBytes &&
                 stackPointer < thread.stackLow + overflowBytes
             ? Trap::Kind::StackOverflow
             : Trap::Kind::InvalidAccess;
}

// Where in compiled code it trapped; 0 if it was not compiled code.
uintptr_t placeOf(const siginfo_t &info, const ucontext_t &context, const Engine &engine,
                  const ThreadRecord &thread, bool &isCall) {
  const uintptr_t at = registerOf(context, REG_RIP);
  const uintptr_t stackPointer = registerOf(context, REG_RSP);
  const auto address = reinterpret_cast<uintptr_t>(info.si_addr);
  // Either kind of processor: one faults with the address that is none in its instruction pointer.
  isCall = (address == at && (context.uc_mcontext.gregs[REG_ERR] & instructionFetch) != 0) || at >= userEnd;
  if (!isCall && engine.holds(at))
    return at;
  if (!isCall && !LeafFunctions::hold(at))
    return 0;
  return callerOf(engine, thread, stackPointer);
}

// True if the thread goes on where it entered compiled code.
bool leave(int signal, const siginfo_t &info, ucontext_t &context) {
  ThreadRecord *thread = ThreadRecord::find();
  // Not positive: somebody sent it.
  if (thread == nullptr || thread->boundary == nullptr || info.si_code <= 0)
    return false;
  const Engine &engine = *thread->current;
  if (!engine.catchesTraps.load(std::memory_order_relaxed))
    return false;
  bool isCall = false;
  const uintptr_t place = placeOf(info, context, engine, *thread, isCall);
  if (place == 0)
    return false;
  const bool hasAddress = isCall || ((signal == SIGSEGV || signal == SIGBUS) && info.si_code != SI_KERNEL);
  thread->trap = {isCall ? Trap::Kind::InvalidCall : kindOf(signal, info, context, *thread), signal, place,
                  isCall ? registerOf(context, REG_RIP) : reinterpret_cast<uintptr_t>(info.si_addr),
                  hasAddress};
  // Safe because compiled code, or what holds nothing, is all that is left: the boundary's call returns, with
  // the registers that it saved. The kernel restores the signal mask, and leaves the handler's stack.
  JumpFrame &back = *thread->boundary;
  auto &registers = context.uc_mcontext.gregs;
  registers[REG_RIP] = reinterpret_cast<greg_t>(&tierlinkLeave);
  registers[REG_RDI] = reinterpret_cast<greg_t>(&back);
  registers[REG_RSP] = reinterpret_cast<greg_t>(back.stackPointer);
  registers[REG_EFL] &= keptFlags;
  return true;
}

void onTrap(int signal, siginfo_t *info, void *context) {
  const int savedErrno = errno;
  if (!leave(signal, *info, *static_cast<ucontext_t *>(context))) {
    const auto found = std::ranges::find(relays, signal, &Relay::signal);
    found->relay.passOnFault(signal, info, context);
  }
  errno = savedErrno;
}

} // namespace

void Traps::install() {
  static std::once_flag once;
  std::call_once(once, [] {
    LeafFunctions::find();
    for (Relay &one : relays)
      one.relay.install(one.signal);
  });
}

void Traps::prepare(ThreadRecord &thread) {
  thread.canTrap = true;
  if (void *memory = takeSignalStack())
    thread.signalStack = memory;
}

void Traps::release(ThreadRecord &thread) {
  if (thread.signalStack == nullptr)
    return;
  stack_t current;
  // The program may have put another one in its place.
  if (sigaltstack(nullptr, &current) == 0 && current.ss_sp == thread.signalStack) {
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    if (sigaltstack(&none, nullptr) != 0)
      return; // in use: better kept than unmapped
  }
  munmap(thread.signalStack, signalStackBytes);
  thread.signalStack = nullptr;
}

} // namespace tierlink
