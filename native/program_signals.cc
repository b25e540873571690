// Job: the set of claimed signals, and the list of those that Node changes.
#include "program_signals.h"

#include <atomic>
#include <csignal>
#include <cstdint>

namespace tierlink {
namespace {

std::atomic<uint64_t> claimed{0};

uint64_t bitOf(int signal) { return signal > 0 && signal <= 64 ? uint64_t{1} << (signal - 1) : 0; }

} // namespace

void ProgramSignals::claim(int signal) { claimed.fetch_or(bitOf(signal), std::memory_order_relaxed); }

void ProgramSignals::restoreDefaults() {
  // What Node does at the first two is what the default is. But programs ask: Python makes a
  // KeyboardInterrupt of SIGINT only if it finds the default.
  for (const int one : {SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGXFSZ}) {
    if ((claimed.load(std::memory_order_relaxed) & bitOf(one)) == 0)
      signal(one, SIG_DFL);
  }
}

} // namespace tierlink
