// Job: a trap of compiled code, as its signal handler saw it.
#pragma once

#include <cstdint>

namespace tierlink {

struct Trap {
  enum class Kind : uint8_t {
    NullDereference,
    InvalidAccess, // of memory that isn't there, or may not be written
    InvalidCall,   // of what is no function
    Division,      // by zero, or with a quotient that does not fit
    Unreachable,   // an instruction that compilers put where nothing should come
    StackOverflow,
  };

  Kind kind;
  int signal;
  uintptr_t at;      // in compiled code: the instruction, or one in a call that was left with it
  uintptr_t address; // that was accessed or called
  bool hasAddress;   // whether the processor told it
};

} // namespace tierlink
