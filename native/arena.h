// Job: a single reservation of memory that holds code, read-only and data regions.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tierlink {

enum class RegionKind : uint8_t { Code, ReadOnly, Data };

// Dual: code and read-only memory is mapped twice, and written through the writable view. Flipping: it is
// mapped once, and pages are either writable or what the program needs, as `protect` says.
enum class Mapping : uint8_t { Dual, Flipping };

// What a page of a flipping arena is good for; never for two of these at once.
enum class Access : uint8_t { None, Write, Read, Execute };

// One region in both of its views. For data, and with one mapping, the two views are the same memory.
struct Region {
  uint8_t *base = nullptr;     // as the program sees it: R+X, R or RW
  uint8_t *writable = nullptr; // where the linker writes
  size_t bytes = 0;
};

// What became of this process by a fork. ChildThatRuns: a child that may run compiled code.
enum class Fork : uint8_t { Parent, Child, ChildThatRuns };

class Arena {
public:
  // All regions must be reachable from one another by a 32-bit displacement; half of that range leaves room
  // for addends.
  static constexpr size_t maxBytes = size_t{1} << 30;

  // Sizes are rounded up to whole pages. Returns null and names the failing call in `failure`. With a
  // flipping mapping, no page of code or read-only memory can be accessed yet.
  static std::shared_ptr<Arena> create(size_t codeBytes, size_t readonlyBytes, size_t dataBytes,
                                       Mapping mapping, std::string &failure);
  // The arena that has the range in one of its regions, as the program sees it; null if none does.
  static std::shared_ptr<Arena> around(uintptr_t address, size_t bytes);
  // Around a fork, as nothing may be created meanwhile. A child that runs compiled code gets a copy of it
  // that is its own, at the same addresses: else it would see what its parent makes of the memory later,
  // while its slots lead to what was there. Where the kernel has no memory or file descriptor for that, the
  // child goes on with its parent's.
  static void beforeFork();
  static void afterFork(Fork side);
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  const Region &region(RegionKind kind) const { return regions_[static_cast<size_t>(kind)]; }

  // Gives whole pages back to the kernel; they read as zero afterwards.
  bool discard(RegionKind kind, size_t offset, size_t bytes, std::string &failure);
  // Of whole pages of code or read-only memory, in a flipping arena.
  bool protect(RegionKind kind, size_t offset, size_t bytes, Access access, std::string &failure);

  // An engine runs code in here: nothing is unmapped until as many have left as have entered.
  void enter();
  void leave();
  // Unmaps everything, as soon as no engine is in. Idempotent.
  void giveUp();

private:
  explicit Arena(Mapping mapping) : mapping_(mapping) {}
  bool contains(uintptr_t address, size_t bytes) const;
  bool isWithin(RegionKind kind, size_t offset, size_t bytes, std::string &failure) const;
  bool mapTwice(size_t code, size_t readonly, std::string &failure);
  bool mapCode(int memfd, size_t code, size_t readonly);
  void copyForChild();
  void unmap();

  const Mapping mapping_;
  std::atomic<uint32_t> engines_{0};
  std::atomic<bool> givenUp_{false};
  std::atomic<bool> unmapped_{false};
  uint8_t *reservation_ = nullptr;
  size_t reservedBytes_ = 0;
  uint8_t *alias_ = nullptr; // RW view of the whole memfd: code, then read-only
  size_t aliasBytes_ = 0;
  int memfd_ = -1;
  Region regions_[3];
};

} // namespace tierlink
