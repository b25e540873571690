// Crash recovery around LLVM. llvm::CrashRecoveryContext supplies the way back (it is also what LLVM's own
// exits look for), but not the signal handlers: the ones it installs pass a signal on by uninstalling
// themselves and raising it anew, which loses the fault's address and registers. V8's trap handler for
// WebAssembly needs both and would let the process die. So ours stand in their place and hand foreign signals
// on unchanged.
#include "llvm_guard.h"

#include "signal_stack.h"

#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

#include <array>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <exception>
#include <mutex>
#include <sys/mman.h>

namespace tierlink {
namespace {

using llvm::CrashRecoveryContext;

constexpr std::array recoverableSignals{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};

struct sigaction previousActions[NSIG];

/// The guard this thread is in. Initial-exec because the handler reads it: a lazily allocated thread-local
/// could call malloc inside the handler.
__attribute__((tls_model("initial-exec"))) thread_local CrashRecoveryContext *activeContext = nullptr;
__attribute__((tls_model("initial-exec"))) thread_local std::string *activeMessage = nullptr;

/// Does with a signal that isn't LLVM's what would have happened without this handler.
void passOn(int signal, siginfo_t *info, void *context) {
  struct sigaction previous = previousActions[signal];
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
    return;
  }
  // A signal that the kernel raised for a fault happens again when the handler returns; one that was sent
  // does not.
  bool isFault = info->si_code > 0;
  if (previous.sa_handler == SIG_IGN && !isFault)
    return;
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
    return;
  }
  struct sigaction fallback = {};
  fallback.sa_handler = SIG_DFL;
  sigaction(signal, &fallback, nullptr);
  if (!isFault)
    raise(signal);
}

/// What libc said before it aborted: that the heap or the stack is damaged. It then holds the allocator's
/// lock. Null if this libc does not tell.
const void *const *libcsLastWords = nullptr;

void onSignal(int signal, siginfo_t *info, void *context) {
  CrashRecoveryContext *active = activeContext;
  const bool isHopeless = signal == SIGABRT && libcsLastWords != nullptr && *libcsLastWords != nullptr;
  if (active == nullptr || isHopeless) {
    passOn(signal, info, context);
    return;
  }
  activeContext = nullptr;
  // The jump out of the handler does not restore the mask; left blocked, the next fault would kill the
  // process.
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, signal);
  pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
  active->HandleExit(128 + signal);
}

void onFatalError(void *, const char *reason, bool) { leaveGuarded(reason); }

/// Where LLVM's allocations fail. The text is short enough to need none itself.
void onOutOfMemory(void *, const char *, bool) { leaveGuarded("out of memory"); }

void install() {
  libcsLastWords = static_cast<const void *const *>(dlsym(RTLD_DEFAULT, "__abort_msg"));
  for (int signal : recoverableSignals)
    sigaction(signal, nullptr, &previousActions[signal]);
  CrashRecoveryContext::Enable();
  for (int signal : recoverableSignals) {
    const struct sigaction &previous = previousActions[signal];
    struct sigaction action = {};
    action.sa_sigaction = onSignal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | (previous.sa_flags & (SA_RESTART | SA_NODEFER));
    action.sa_mask = previous.sa_mask;
    sigaction(signal, &action, nullptr);
  }
  llvm::install_fatal_error_handler(onFatalError);
  llvm::install_bad_alloc_error_handler(onOutOfMemory);
}

std::string describe(int code) {
  int signal = code - 128;
  if (signal > 0 && signal < NSIG)
    return std::string("LLVM crashed: ") + strsignal(signal);
  return "LLVM exited with code " + std::to_string(code);
}

} // namespace

Diagnostics::Diagnostics(llvm::LLVMContext &context) {
  context.setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *self) {
        if (info->getSeverity() != llvm::DS_Error)
          return;
        std::string &errors = static_cast<Diagnostics *>(self)->errors_;
        llvm::raw_string_ostream out(errors);
        if (!errors.empty())
          out << '\n';
        llvm::DiagnosticPrinterRawOStream printer(out);
        info->print(printer);
        // A message without text must still count as an error.
        if (errors.empty())
          out << "unspecified error";
      },
      this);
}

std::optional<std::string> runGuarded(llvm::function_ref<void()> work) {
  static std::once_flag installed;
  std::call_once(installed, install);
  std::string message;
  CrashRecoveryContext context;
  activeMessage = &message;
  activeContext = &context;
  bool returned = context.RunSafely([&] {
    try {
      work();
    } catch (const std::exception &error) {
      // Only the standard library throws here (out of memory), and LLVM's frames in between have run no
      // destructors either.
      message = error.what();
    }
  });
  activeContext = nullptr;
  activeMessage = nullptr;
  if (returned && message.empty())
    return std::nullopt;
  return message.empty() ? describe(context.RetCode) : message;
}

void leaveGuarded(const char *reason) {
  CrashRecoveryContext *active = activeContext;
  if (active == nullptr)
    return;
  activeContext = nullptr;
  activeMessage->assign(reason);
  active->HandleExit(128 + SIGABRT);
}

SignalStack::SignalStack() : memory_(takeSignalStack()) {}

SignalStack::~SignalStack() {
  if (memory_ == nullptr)
    return;
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  // Safe because the kernel refuses (EPERM) while a handler runs on this stack; then it is kept, not
  // unmapped.
  if (sigaltstack(&none, nullptr) == 0)
    munmap(memory_, signalStackBytes);
}

} // namespace tierlink
