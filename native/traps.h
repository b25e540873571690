// Job: turns traps of compiled code that JS called into failures of those calls.
//
// The call is left by a jump to where it was entered, in registers that were saved there. Not by unwinding: a
// trapping instruction is no call, so the tables for exceptions, which only know calls, would end the
// process; and nothing can be said of the state that destructors would see. So no destructor runs, and what
// the code had locked or allocated stays so.
//
// A trap is taken for compiled code's own if its instruction lies in the engine's memory, if it is a call
// from there to what is no code, or in a leaf function of libc (strlen, memcpy ...) that was called from
// there and holds nothing. Everything else is passed to the handlers that were there before: V8's for
// WebAssembly, Node's, LLVM's, and last the system's.
#pragma once

namespace tierlink {

struct ThreadRecord;

struct Traps {
  // Handlers for the process; once.
  static void install();
  // A stack for the handler on this thread, which may have come to the end of its own.
  static void prepare(ThreadRecord &thread);
  // Gives it back; on the thread itself, at its end.
  static void release(ThreadRecord &thread);
};

} // namespace tierlink
