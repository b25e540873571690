// Job: the memory of one engine, a single reservation that holds its code, read-only and data regions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tierlink {

enum class RegionKind : uint8_t { Code, ReadOnly, Data };

// One region in both of its views. For data the two views are the same memory.
struct Region {
  uint8_t *base = nullptr;     // as the program sees it: R+X, R or RW
  uint8_t *writable = nullptr; // where the linker writes
  size_t bytes = 0;
};

class Arena {
public:
  // All regions must be reachable from one another by a 32-bit displacement; half of that range leaves room
  // for addends.
  static constexpr size_t maxBytes = size_t{1} << 30;

  // Sizes are rounded up to whole pages. Returns null and names the failing call in `failure`.
  static std::unique_ptr<Arena> create(size_t codeBytes, size_t readonlyBytes, size_t dataBytes,
                                       std::string &failure);
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  const Region &region(RegionKind kind) const { return regions_[static_cast<size_t>(kind)]; }

  // True if the whole range lies in one of the program's views.
  bool contains(uintptr_t address, size_t bytes) const;

  // Gives whole pages back to the kernel; they read as zero afterwards.
  bool discard(RegionKind kind, size_t offset, size_t bytes, std::string &failure);

private:
  Arena() = default;

  uint8_t *reservation_ = nullptr;
  size_t reservedBytes_ = 0;
  uint8_t *alias_ = nullptr; // RW view of the whole memfd: code, then read-only
  size_t aliasBytes_ = 0;
  int memfd_ = -1;
  Region regions_[3];
};

} // namespace tierlink
