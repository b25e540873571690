// Job: which frame table an address of code belongs to, for any thread at any time, at a cost that does not
// grow with the number of tables.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "frame_table.h"
#include "reader_gate.h"

namespace tierlink {

// A sorted sequence of code ranges in leaves of bounded size, under one directory. A change copies one leaf,
// and the directory when a leaf is split or goes; both are exchanged by one atomic store. Adding and removing
// is for one thread at a time; `find` is for all.
class FrameIndex {
public:
  FrameIndex();
  FrameIndex(const FrameIndex &) = delete;
  FrameIndex &operator=(const FrameIndex &) = delete;

  // False if its code overlaps that of another one.
  bool add(const FrameTable &table);
  // When this returns, no `find` reads the table, nor can one that comes later. It was added before.
  void remove(const FrameTable &table);
  // Safe in a signal handler: takes no lock and allocates nothing.
  FrameTable::Found find(uintptr_t address);
  // In a child made by fork.
  void startAnew() { gate_.startAnew(); }

private:
  static constexpr size_t leafRanges = 64;

  struct Range {
    uintptr_t start;
    uintptr_t end;
    const FrameTable *table;
  };
  struct Leaf {
    size_t count = 0;
    Range ranges[leafRanges];
  };
  struct Branch {
    uintptr_t low; // what the leaf holds starts here or above, and below the next one's
    std::atomic<const Leaf *> leaf;
  };
  struct Directory {
    explicit Directory(size_t count) : branches(count) {}
    std::vector<Branch> branches; // never empty; only its first leaf may be
  };

  static size_t branchOf(const Directory &directory, uintptr_t address);
  static const Range *last(const Leaf &leaf, uintptr_t address);
  static const Range *at(const Directory &directory, uintptr_t address);
  void exchange(Directory &directory, size_t branch, std::unique_ptr<Leaf> leaf);
  void split(const Directory &directory, size_t branch, const Leaf &leaf);
  void drop(const Directory &directory, size_t branch);
  void publish(std::unique_ptr<Directory> next);
  void later(std::function<void()> free);
  void sweep(bool wait);

  ReaderGate gate_;
  std::atomic<Directory *> directory_;
  // Bounds of all code there ever was: other addresses need not even announce themselves as readers.
  std::atomic<uintptr_t> low_{UINTPTR_MAX};
  std::atomic<uintptr_t> high_{0};
  std::vector<std::function<void()>> garbage_; // replaced, but perhaps still being read
};

} // namespace tierlink
