// Keeps a crash, a fatal error or an error diagnostic of LLVM from ending the process: each becomes a
// Failure.
#pragma once

#include "llvm_interface.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/IR/LLVMContext.h"

#include <optional>
#include <string>

namespace tierlink {

/// Collects the errors that LLVM reports to one context. LLVM's default handler prints them and exits the
/// process.
class Diagnostics {
public:
  explicit Diagnostics(llvm::LLVMContext &context);
  bool hasErrors() const { return !errors_.empty(); }
  /// All errors so far, one a line.
  const std::string &errors() const { return errors_; }

private:
  std::string errors_;
};

/// Runs `work` on this thread. Returns the reason if LLVM crashed in it or raised a fatal error, nothing if
/// it returned. After a crash no destructor of `work` has run: what it owned is leaked, on purpose, because
/// it may be in any state.
std::optional<std::string> runGuarded(llvm::function_ref<void()> work);

/// Ends the runGuarded that this thread is in, with this reason, as a crash would. Returns only when the
/// thread is in none.
void leaveGuarded(const char *reason);

/// Gives this thread a stack of its own for signal handlers, as long as the object lives, unless it has one:
/// only so can an overflow of the thread's stack (deeply nested input) be recovered from.
class SignalStack {
public:
  SignalStack();
  ~SignalStack();
  SignalStack(const SignalStack &) = delete;
  SignalStack &operator=(const SignalStack &) = delete;

private:
  void *memory_ = nullptr;
};

} // namespace tierlink
