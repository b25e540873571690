// Job: maps, discards and unmaps the regions of an engine so that nothing is ever writable and executable.
#include "arena.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tierlink {
namespace {

size_t pageBytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

size_t toPages(size_t bytes) { return (bytes + pageBytes() - 1) / pageBytes() * pageBytes(); }

std::string failed(const char *call) { return std::string(call) + ": " + std::strerror(errno); }

} // namespace

std::unique_ptr<Arena> Arena::create(size_t codeBytes, size_t readonlyBytes, size_t dataBytes,
                                     std::string &failure) {
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
  std::unique_ptr<Arena> arena(new Arena);
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

  arena->memfd_ = memfd_create("tierlink", MFD_CLOEXEC);
  if (arena->memfd_ < 0) {
    failure = failed("memfd_create");
    return nullptr;
  }
  // Sparse: the file has its full size at once, pages appear when they are first touched.
  if (ftruncate(arena->memfd_, static_cast<off_t>(code + readonly)) != 0) {
    failure = failed("ftruncate");
    return nullptr;
  }

  // The views are MAP_SHARED, as only that makes the alias and the view the same memory. A program that forks
  // therefore shares its code with the child: the child sees later versions and patches, while its slots are
  // its own copies. That is what it can live with longest; a child that outlives a reclaim of code should
  // exec.
  uint8_t *codeView = arena->reservation_;
  uint8_t *readonlyView = codeView + code;
  uint8_t *dataView = readonlyView + readonly;
  // Safe because MAP_FIXED replaces only parts of the reservation made above, which nobody else knows yet.
  if (mmap(codeView, code, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, arena->memfd_, 0) == MAP_FAILED) {
    failure = failed("mmap of the executable view");
    return nullptr;
  }
  if (mmap(readonlyView, readonly, PROT_READ, MAP_SHARED | MAP_FIXED, arena->memfd_,
           static_cast<off_t>(code)) == MAP_FAILED) {
    failure = failed("mmap of the read-only view");
    return nullptr;
  }
  if (mmap(dataView, data, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
           -1, 0) == MAP_FAILED) {
    failure = failed("mmap of the data region");
    return nullptr;
  }
  void *alias = mmap(nullptr, code + readonly, PROT_READ | PROT_WRITE, MAP_SHARED, arena->memfd_, 0);
  if (alias == MAP_FAILED) {
    failure = failed("mmap of the writable alias");
    return nullptr;
  }
  arena->alias_ = static_cast<uint8_t *>(alias);
  arena->aliasBytes_ = code + readonly;

  arena->regions_[0] = {codeView, arena->alias_, code};
  arena->regions_[1] = {readonlyView, arena->alias_ + code, readonly};
  arena->regions_[2] = {dataView, dataView, data};
  return arena;
}

Arena::~Arena() {
  // Safe because the owner destroys an arena only when no thread is inside its code (see Engine::close).
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

bool Arena::discard(RegionKind kind, size_t offset, size_t bytes, std::string &failure) {
  const Region &in = region(kind);
  if (offset % pageBytes() != 0 || bytes % pageBytes() != 0) {
    failure = "offset and bytes must be multiples of " + std::to_string(pageBytes());
    return false;
  }
  if (offset > in.bytes || bytes > in.bytes - offset) {
    failure = "the range ends outside the region of " + std::to_string(in.bytes) + " bytes";
    return false;
  }
  if (bytes == 0)
    return true;
  if (kind == RegionKind::Data) {
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
