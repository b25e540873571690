// Job: reads and writes the C++ ABI's account of a thread.
#include "exceptions_in_flight.h"

#include <cstring>
#include <cxxabi.h>

#include "thread_record.h"

namespace tierlink {

// Safe because the ABI lays down these two members: Itanium C++ ABI, 2.2.2, `__cxa_eh_globals`.
ExceptionsInFlight ExceptionsInFlight::here() {
  ExceptionsInFlight now;
  const auto *globals = reinterpret_cast<const char *>(abi::__cxa_get_globals());
  memcpy(&now.caught, globals, sizeof now.caught);
  memcpy(&now.uncaught, globals + sizeof now.caught, sizeof now.uncaught);
  return now;
}

void ExceptionsInFlight::restore(const ThreadRecord &thread) {
  auto *globals = reinterpret_cast<char *>(abi::__cxa_get_globals());
  memcpy(globals, &thread.exceptions.caught, sizeof thread.exceptions.caught);
  memcpy(globals + sizeof thread.exceptions.caught, &thread.exceptions.uncaught,
         sizeof thread.exceptions.uncaught);
}

KeptExceptions::KeptExceptions(ThreadRecord &thread) : thread_(thread), before_(thread.exceptions) {
  thread_.exceptions = ExceptionsInFlight::here();
}

KeptExceptions::~KeptExceptions() { thread_.exceptions = before_; }

} // namespace tierlink
