// Job: names of a program's functions and variables, for libraries that it opens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tierlink {

struct SharedSymbols {
  // Loads a shared object from memory into the scope that all libraries search. Null, with the reason, if
  // that fails.
  static void *open(const uint8_t *file, size_t bytes, std::string &failure);
  // False if the number is of none.
  static bool close(uint64_t number);
  // Whether an address is what one of them has under this name: it is for libraries alone, not for other
  // engines.
  static bool has(const std::string &name, const void *address);
};

} // namespace tierlink
