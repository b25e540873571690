// Job: while a program owns the process, signals that are sent to the process come to the program's threads.
#pragma once

#include <csignal>

namespace tierlink {

class HostSignals {
public:
  /// From now on the threads that are not the program's block what is sent to the process, and so do those
  /// that they make. Else the kernel would mostly choose Node's first thread: a handler would run in the
  /// middle of control, and the program's pause, sigsuspend, sigwait and interrupted calls would wait for
  /// ever.
  static void close();
  /// The same threads take signals again, but for those that are pending, which are dropped. From a thread
  /// that blocks them since.
  static void open();

  /// The part of the thread that is asked, in the handler of `threadSignal`; false if it was not asked for
  /// this. Async-signal-safe.
  static bool answer(const siginfo_t &info, void *context);
};

} // namespace tierlink
