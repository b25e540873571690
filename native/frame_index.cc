// Job: copies, exchanges and frees the index's parts in the order that readers need.
#include "frame_index.h"

#include <algorithm>
#include <utility>

namespace tierlink {

FrameIndex::FrameIndex() {
  auto *first = new Directory(1);
  first->branches[0].low = 0;
  first->branches[0].leaf.store(new Leaf, std::memory_order_relaxed);
  directory_.store(first, std::memory_order_release);
}

size_t FrameIndex::branchOf(const Directory &directory, uintptr_t address) {
  const auto behind =
      std::upper_bound(directory.branches.begin() + 1, directory.branches.end(), address,
                       [](uintptr_t wanted, const Branch &branch) { return wanted < branch.low; });
  return static_cast<size_t>(behind - directory.branches.begin()) - 1;
}

// The last range that starts at or below the address.
const FrameIndex::Range *FrameIndex::last(const Leaf &leaf, uintptr_t address) {
  const Range *behind =
      std::upper_bound(leaf.ranges, leaf.ranges + leaf.count, address,
                       [](uintptr_t wanted, const Range &range) { return wanted < range.start; });
  return behind == leaf.ranges ? nullptr : behind - 1;
}

const FrameIndex::Range *FrameIndex::at(const Directory &directory, uintptr_t address) {
  const size_t branch = branchOf(directory, address);
  // Safe because a leaf that this finds is freed only after its readers have left.
  const Range *range = last(*directory.branches[branch].leaf.load(std::memory_order_seq_cst), address);
  // One that starts in the leaf before may reach over the border.
  if (range == nullptr && branch > 0)
    range = last(*directory.branches[branch - 1].leaf.load(std::memory_order_seq_cst), address);
  return range;
}

FrameTable::Found FrameIndex::find(uintptr_t address) {
  if (address < low_.load(std::memory_order_relaxed) || address >= high_.load(std::memory_order_relaxed))
    return {};
  ReaderGate::Stay stay(gate_);
  const Range *range = at(*directory_.load(std::memory_order_seq_cst), address);
  return range != nullptr && address < range->end ? range->table->find(address) : FrameTable::Found{};
}

bool FrameIndex::add(const FrameTable &table) {
  Directory &directory = *directory_.load(std::memory_order_relaxed);
  const AddressRange &code = table.code();
  if (code.bytes == 0)
    return true; // nothing can be found in it
  // Ranges don't overlap one another, so the one before this range's end is the only one that can reach in.
  const Range *before = at(directory, code.end() - 1);
  if (before != nullptr && before->end > code.start)
    return false;
  const size_t branch = branchOf(directory, code.start);
  const Leaf &old = *directory.branches[branch].leaf.load(std::memory_order_relaxed);
  const Range *position = last(old, code.start);
  const size_t index = position == nullptr ? 0 : static_cast<size_t>(position - old.ranges) + 1;
  // Widened first: whoever runs this code was told of it after this, and must not pass it by.
  low_.store(std::min(low_.load(std::memory_order_relaxed), code.start), std::memory_order_relaxed);
  high_.store(std::max(high_.load(std::memory_order_relaxed), code.end()), std::memory_order_relaxed);
  if (old.count == leafRanges) {
    split(directory, branch, old);
    return add(table);
  }
  auto leaf = std::make_unique<Leaf>();
  std::copy_n(old.ranges, index, leaf->ranges);
  leaf->ranges[index] = {code.start, code.end(), &table};
  std::copy(old.ranges + index, old.ranges + old.count, leaf->ranges + index + 1);
  leaf->count = old.count + 1;
  exchange(directory, branch, std::move(leaf));
  sweep(false);
  return true;
}

void FrameIndex::remove(const FrameTable &table) {
  Directory &directory = *directory_.load(std::memory_order_relaxed);
  const AddressRange &code = table.code();
  if (code.bytes == 0)
    return;
  const size_t branch = branchOf(directory, code.start);
  const Leaf &old = *directory.branches[branch].leaf.load(std::memory_order_relaxed);
  if (old.count == 1 && directory.branches.size() > 1) {
    drop(directory, branch);
  } else {
    auto leaf = std::make_unique<Leaf>();
    const Range *end = std::copy_if(old.ranges, old.ranges + old.count, leaf->ranges,
                                    [&](const Range &range) { return range.table != &table; });
    leaf->count = static_cast<size_t>(end - leaf->ranges);
    exchange(directory, branch, std::move(leaf));
  }
  sweep(true);
}

void FrameIndex::exchange(Directory &directory, size_t branch, std::unique_ptr<Leaf> leaf) {
  const Leaf *old = directory.branches[branch].leaf.exchange(leaf.release(), std::memory_order_seq_cst);
  later([old] { delete old; });
}

void FrameIndex::split(const Directory &directory, size_t branch, const Leaf &leaf) {
  // Code is mostly placed at ascending addresses: a full last leaf is left full, so that memory is not half
  // empty.
  const bool isLast = branch + 1 == directory.branches.size();
  const size_t kept = isLast ? leafRanges - 1 : leafRanges / 2;
  auto lower = std::make_unique<Leaf>();
  auto upper = std::make_unique<Leaf>();
  std::copy_n(leaf.ranges, kept, lower->ranges);
  lower->count = kept;
  std::copy(leaf.ranges + kept, leaf.ranges + leaf.count, upper->ranges);
  upper->count = leaf.count - kept;

  auto next = std::make_unique<Directory>(directory.branches.size() + 1);
  for (size_t from = 0, to = 0; from < directory.branches.size(); ++from, ++to) {
    Branch &place = next->branches[to];
    place.low = directory.branches[from].low;
    if (from != branch) {
      place.leaf.store(directory.branches[from].leaf.load(std::memory_order_relaxed));
      continue;
    }
    Branch &second = next->branches[++to];
    second.low = upper->ranges[0].start;
    place.leaf.store(lower.release());
    second.leaf.store(upper.release());
  }
  publish(std::move(next));
  later([old = &leaf] { delete old; });
}

void FrameIndex::drop(const Directory &directory, size_t branch) {
  auto next = std::make_unique<Directory>(directory.branches.size() - 1);
  for (size_t from = 0, to = 0; from < directory.branches.size(); ++from) {
    if (from == branch)
      continue;
    next->branches[to].low = to == 0 ? 0 : directory.branches[from].low;
    next->branches[to++].leaf.store(directory.branches[from].leaf.load(std::memory_order_relaxed));
  }
  const Leaf *old = directory.branches[branch].leaf.load(std::memory_order_relaxed);
  publish(std::move(next));
  later([old] { delete old; });
}

void FrameIndex::publish(std::unique_ptr<Directory> next) {
  const Directory *old = directory_.exchange(next.release(), std::memory_order_seq_cst);
  later([old] { delete old; });
}

void FrameIndex::later(std::function<void()> free) { garbage_.push_back(std::move(free)); }

void FrameIndex::sweep(bool wait) {
  // Adding need not wait; but what it replaces must not pile up under a stream of readers.
  constexpr size_t garbageLimit = 64;
  if (wait || garbage_.size() > garbageLimit)
    gate_.drain();
  else if (!gate_.idle())
    return;
  for (const auto &free : garbage_)
    free();
  garbage_.clear();
}

} // namespace tierlink
