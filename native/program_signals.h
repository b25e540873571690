// Job: what signals do in a program that owns the process, where it has not said it itself.
#pragma once

namespace tierlink {

class ProgramSignals {
public:
  /// The program says what this signal does. Async-signal-safe.
  static void claim(int signal);
  /// Gives back their defaults to those that Node handles or ignores and the program has not claimed.
  static void restoreDefaults();
};

} // namespace tierlink
