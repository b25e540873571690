// Job: which C++ exceptions are being thrown and caught on a thread, to be put right when frames are left
// without unwinding.
#pragma once

namespace tierlink {

struct ThreadRecord;

// What the C++ ABI keeps for each thread.
struct ExceptionsInFlight {
  void *caught = nullptr;
  unsigned uncaught = 0;

  static ExceptionsInFlight here();
  // Compiled code was left: those it had are given up.
  static void restore(const ThreadRecord &thread);
};

// While JS runs in the middle of compiled code: what is entered from there finds the exceptions of below.
class KeptExceptions {
public:
  explicit KeptExceptions(ThreadRecord &thread);
  ~KeptExceptions();
  KeptExceptions(const KeptExceptions &) = delete;
  KeptExceptions &operator=(const KeptExceptions &) = delete;

private:
  ThreadRecord &thread_;
  const ExceptionsInFlight before_;
};

} // namespace tierlink
