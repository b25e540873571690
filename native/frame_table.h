// Job: the unwind entries (FDEs) of one .eh_frame section, in the order of the functions they describe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tierlink {

// Where something lies: [start, start + bytes).
struct AddressRange {
  uintptr_t start = 0;
  size_t bytes = 0;

  uintptr_t end() const { return start + bytes; }
  bool contains(uintptr_t address) const { return address >= start && address - start < bytes; }
};

// Never changes once it is made, so any number of threads may search it without a lock.
class FrameTable {
public:
  struct Found {
    uintptr_t entry = 0; // the FDE, null if no function lies there
    uintptr_t function = 0;
  };

  // Reads a relocated section that describes functions within `code`. Null, and why in `failure`, if the
  // section is damaged: libgcc would read past its end, or abort.
  static std::unique_ptr<const FrameTable> read(AddressRange section, AddressRange code,
                                                std::string &failure);

  // Allocates nothing and takes no lock.
  Found find(uintptr_t address) const;

  const AddressRange &section() const { return section_; }
  const AddressRange &code() const { return code_; }

private:
  // Offsets from the code's and the section's start, as a program has one for each of its functions.
  struct Entry {
    uint32_t function;
    uint32_t bytes;
    uint32_t entry;
  };

  FrameTable(AddressRange section, AddressRange code) : section_(section), code_(code) {}

  const AddressRange section_;
  const AddressRange code_;
  std::vector<Entry> entries_;
};

} // namespace tierlink
