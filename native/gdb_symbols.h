// Job: tells debuggers of symbol files that lie in memory: gdb's JIT interface, which lldb knows as well.
// Source: Debugging with GDB, "JIT Compilation Interface".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tierlink {

// A symbol file in memory, an ELF file, known to a debugger for as long as it lives. From any thread.
class GdbSymbols {
public:
  explicit GdbSymbols(std::vector<uint8_t> file);
  ~GdbSymbols();
  GdbSymbols(const GdbSymbols &) = delete;
  GdbSymbols &operator=(const GdbSymbols &) = delete;

private:
  struct Entry;
  const std::vector<uint8_t> file_;
  const std::unique_ptr<Entry> entry_;
};

} // namespace tierlink
