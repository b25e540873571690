// Job: shared libraries and the symbols of the process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tierlink {

struct Libraries {
  // Null, with dlerror's text, if it can't be loaded. Never closed: code and data of it may be in use
  // anywhere.
  static void *open(const std::string &path, std::string &failure);
  // dlopen as compiled code calls it.
  static void *openForProgram(const char *path, int flags);
  // The dlopen handle behind a number that JS passed; 0 stands for the process. Nothing for any other number,
  // as the dynamic linker would follow it unchecked.
  static std::optional<void *> find(uint64_t number);
  // Null if there is none, or only a program has it. Of a name with several versions, the default one.
  static void *symbol(void *library, const std::string &name);
};

} // namespace tierlink
