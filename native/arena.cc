// Job: maps, protects, discards and unmaps memory so that nothing is ever writable and executable.
#include "arena.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tierlink {
namespace {

size_t pageBytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

size_t toPages(size_t bytes) { return (bytes + pageBytes() - 1) / pageBytes() * pageBytes(); }

std::string failed(const char *call) { return std::string(call) + ": " + std::strerror(errno); }

// Every arena of the process; guarded by the mutex.
std::mutex allMutex;
std::vector<std::weak_ptr<Arena>> &all() {
  static auto *list = new std::vector<std::weak_ptr<Arena>>;
  return *list;
}

int flagsOf(Access access) {
  switch (access) {
  case Access::Write:
    return PROT_READ | PROT_WRITE;
  case Access::Read:
    return PROT_READ;
  case Access::Execute:
    return PROT_READ | PROT_EXEC;
  case Access::None:
    break;
  }
  return PROT_NONE;
}

} // namespace

std::shared_ptr<Arena> Arena::create(size_t codeBytes, size_t readonlyBytes, size_t dataBytes,
                                     Mapping mapping, std::string &failure) {
  for (size_t bytes : {codeBytes, readonlyBytes, dataBytes}) {
    if (bytes == 0 || bytes > maxBytes) {
      failure = "each region must have 1 to 2^30 bytes";
      return nullptr;
    }
  }
  const size_t code = toPages(codeBytes);
  const size_t readonly = toPages(readonlyBytes);
  const size_t data = toPages(dataBytes);
  if (code + readonly + data > maxBytes) {
    failure = "all regions together must not exceed 2^30 bytes";
    return nullptr;
  }

  // From here on the destructor undoes whatever was done.
  std::shared_ptr<Arena> arena(new Arena(mapping));
  // The page behind the data stays without permissions: what runs over the end stops there, and the kernel
  // joins the mapping of the data with no neighbour's.
  const size_t reserved = code + readonly + data + pageBytes();
  void *at = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    failure = failed("mmap of the reservation");
    return nullptr;
  }
  arena->reservation_ = static_cast<uint8_t *>(at);
  arena->reservedBytes_ = reserved;

  uint8_t *readonlyView = arena->reservation_ + code;
  uint8_t *dataView = readonlyView + readonly;
  if (mapping == Mapping::Dual && !arena->mapTwice(code, readonly, failure))
    return nullptr;
  // Safe because MAP_FIXED replaces only a part of the reservation made above, which nobody else knows yet.
  if (mmap(dataView, data, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
           -1, 0) == MAP_FAILED) {
    failure = failed("mmap of the data region");
    return nullptr;
  }
  uint8_t *const writable = mapping == Mapping::Dual ? arena->alias_ : arena->reservation_;
  arena->regions_[0] = {arena->reservation_, writable, code};
  arena->regions_[1] = {readonlyView, writable + code, readonly};
  arena->regions_[2] = {dataView, dataView, data};

  std::lock_guard<std::mutex> guard(allMutex);
  std::erase_if(all(), [](const std::weak_ptr<Arena> &one) { return one.expired(); });
  all().push_back(arena);
  return arena;
}

bool Arena::mapTwice(size_t code, size_t readonly, std::string &failure) {
  memfd_ = memfd_create("tierlink", MFD_CLOEXEC);
  if (memfd_ < 0) {
    failure = failed("memfd_create");
    return false;
  }
  // Sparse: the file has its full size at once, pages appear when they are first touched.
  if (ftruncate(memfd_, static_cast<off_t>(code + readonly)) != 0) {
    failure = failed("ftruncate");
    return false;
  }

  // Safe because MAP_FIXED replaces only parts of the reservation, which nobody else knows yet.
  if (!mapCode(memfd_, code, readonly)) {
    failure = failed("mmap of the executable or read-only view");
    return false;
  }
  void *alias = mmap(nullptr, code + readonly, PROT_READ | PROT_WRITE, MAP_SHARED, memfd_, 0);
  if (alias == MAP_FAILED) {
    failure = failed("mmap of the writable alias");
    return false;
  }
  alias_ = static_cast<uint8_t *>(alias);
  aliasBytes_ = code + readonly;
  return true;
}

// The views are MAP_SHARED, as only that makes the alias and the view the same memory.
bool Arena::mapCode(int memfd, size_t code, size_t readonly) {
  return mmap(reservation_, code, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, memfd, 0) != MAP_FAILED &&
         mmap(reservation_ + code, readonly, PROT_READ, MAP_SHARED | MAP_FIXED, memfd,
              static_cast<off_t>(code)) != MAP_FAILED;
}

void Arena::beforeFork() { allMutex.lock(); }

void Arena::afterFork(Fork side) {
  if (side == Fork::ChildThatRuns) {
    for (const std::weak_ptr<Arena> &one : all()) {
      if (const auto arena = one.lock(); arena != nullptr && !arena->unmapped_.load())
        arena->copyForChild();
    }
  }
  allMutex.unlock();
}

// Safe because this thread is the only one, and runs none of the code meanwhile; and the parent neither frees
// nor patches code until the copy is done (see fork_handlers.cc).
void Arena::copyForChild() {
  if (memfd_ < 0)
    return; // private memory: the kernel has copied it
  int copy = memfd_create("tierlink", MFD_CLOEXEC);
  if (copy < 0)
    return;
  const auto bytes = static_cast<off_t>(aliasBytes_);
  bool isCopied = ftruncate(copy, bytes) == 0;
  // Only what was ever written: the file is sparse.
  for (off_t from = 0; isCopied && (from = lseek(memfd_, from, SEEK_DATA)) >= 0 && from < bytes;) {
    off_t to = lseek(memfd_, from, SEEK_HOLE);
    isCopied = to > from;
    while (isCopied && from < to) {
      const ssize_t written = pwrite(copy, alias_ + from, static_cast<size_t>(to - from), from);
      isCopied = written > 0;
      from += std::max<ssize_t>(written, 0);
    }
  }
  const size_t code = regions_[static_cast<size_t>(RegionKind::Code)].bytes;
  if (isCopied && mapCode(copy, code, aliasBytes_ - code) &&
      mmap(alias_, aliasBytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, copy, 0) != MAP_FAILED)
    std::swap(memfd_, copy);
  close(copy);
}

std::shared_ptr<Arena> Arena::around(uintptr_t address, size_t bytes) {
  std::lock_guard<std::mutex> guard(allMutex);
  for (const std::weak_ptr<Arena> &one : all()) {
    auto arena = one.lock();
    if (arena != nullptr && !arena->unmapped_.load() && arena->contains(address, bytes))
      return arena;
  }
  return nullptr;
}

// Safe because whoever could still run code in here has the arena entered, or holds it.
Arena::~Arena() { unmap(); }

void Arena::enter() { engines_.fetch_add(1); }

void Arena::leave() {
  if (engines_.fetch_sub(1) == 1 && givenUp_.load())
    unmap();
}

void Arena::giveUp() {
  givenUp_.store(true);
  if (engines_.load() == 0)
    unmap();
}

void Arena::unmap() {
  if (unmapped_.exchange(true))
    return;
  if (alias_ != nullptr)
    munmap(alias_, aliasBytes_);
  if (reservation_ != nullptr)
    munmap(reservation_, reservedBytes_);
  if (memfd_ >= 0)
    close(memfd_);
}

bool Arena::contains(uintptr_t address, size_t bytes) const {
  for (const Region &region : regions_) {
    const uintptr_t base = reinterpret_cast<uintptr_t>(region.base);
    if (address >= base && address - base <= region.bytes && bytes <= region.bytes - (address - base))
      return true;
  }
  return false;
}

bool Arena::isWithin(RegionKind kind, size_t offset, size_t bytes, std::string &failure) const {
  const Region &in = region(kind);
  if (offset % pageBytes() != 0 || bytes % pageBytes() != 0) {
    failure = "offset and bytes must be multiples of " + std::to_string(pageBytes());
    return false;
  }
  if (offset > in.bytes || bytes > in.bytes - offset) {
    failure = "the range ends outside the region of " + std::to_string(in.bytes) + " bytes";
    return false;
  }
  return true;
}

bool Arena::protect(RegionKind kind, size_t offset, size_t bytes, Access access, std::string &failure) {
  if (mapping_ != Mapping::Flipping || kind == RegionKind::Data) {
    failure = "only code and read-only memory that is mapped once has pages to protect";
    return false;
  }
  if (access == Access::Execute && kind != RegionKind::Code) {
    failure = "only code can be executed";
    return false;
  }
  if (!isWithin(kind, offset, bytes, failure))
    return false;
  // Safe because the caller knows what lies in these pages: a section that is not published yet, or free.
  if (bytes == 0 || mprotect(region(kind).base + offset, bytes, flagsOf(access)) == 0)
    return true;
  failure = failed("mprotect");
  return false;
}

bool Arena::discard(RegionKind kind, size_t offset, size_t bytes, std::string &failure) {
  const Region &in = region(kind);
  if (!isWithin(kind, offset, bytes, failure))
    return false;
  if (bytes == 0)
    return true;
  if (kind == RegionKind::Data || mapping_ == Mapping::Flipping) {
    if (madvise(in.base + offset, bytes, MADV_DONTNEED) == 0)
      return true;
    failure = failed("madvise");
    return false;
  }
  // Punching the file, not advising a view: only that takes the pages from both views at once.
  const off_t inFile = static_cast<off_t>(in.writable - alias_ + static_cast<ptrdiff_t>(offset));
  if (fallocate(memfd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, inFile, static_cast<off_t>(bytes)) == 0)
    return true;
  failure = failed("fallocate");
  return false;
}

} // namespace tierlink
