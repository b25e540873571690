// Job: what a call to a function that was removed ends in.
#pragma once

#include <stdexcept>

namespace tierlink {

// Thrown at the caller. Compiled C++ can catch it as std::exception.
class FunctionRemoved : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Code that jumps here passes the message in the first argument register; the return address is that of
// the call to the removed function.
[[noreturn]] void throwFunctionRemoved(const char *message);

} // namespace tierlink
