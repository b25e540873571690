// Job: writes through a view and reads at the address with system calls, which fail where an access faults.
#include "view_check.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace tierlink {
namespace {

class Pipe {
public:
  Pipe() { usable_ = pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0; }
  ~Pipe() {
    if (!usable_)
      return;
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe &) = delete;
  Pipe &operator=(const Pipe &) = delete;

  bool usable() const { return usable_; }
  bool put(const void *from, size_t bytes) { return write(ends_[1], from, bytes) == ssize(bytes); }
  bool get(void *to, size_t bytes) { return read(ends_[0], to, bytes) == ssize(bytes); }

private:
  static ssize_t ssize(size_t bytes) { return static_cast<ssize_t>(bytes); }

  int ends_[2];
  bool usable_;
};

} // namespace

bool viewMirrors(std::span<const uint8_t> view, uint64_t address, std::string &failure) {
  Pipe pipe;
  if (!pipe.usable()) {
    failure = "no pipe could be made to check it";
    return false;
  }
  static const uint8_t patterns[][8] = {{0x5a, 0x11, 0xc3, 0x7e, 0x90, 0x2b, 0xd4, 0x68},
                                        {0xa5, 0xee, 0x3c, 0x81, 0x6f, 0xd4, 0x2b, 0x97}};
  const size_t bytes = std::min(view.size(), sizeof patterns[0]);
  for (const size_t offset : {size_t{0}, view.size() - bytes}) {
    // Two patterns, as what is there already may be one of them.
    for (const auto &pattern : patterns) {
      // Safe because the kernel, not this thread, accesses both places: it returns EFAULT where that can't
      // be.
      auto *const place = const_cast<uint8_t *>(view.data() + offset);
      if (!pipe.put(pattern, bytes) || !pipe.get(place, bytes)) {
        failure = "its bytes can't be written";
        return false;
      }
      uint8_t seen[sizeof pattern];
      if (!pipe.put(reinterpret_cast<const void *>(address + offset), bytes) || !pipe.get(seen, bytes)) {
        failure = "its address can't be read";
        return false;
      }
      if (memcmp(seen, pattern, bytes) != 0) {
        failure = "what is written into its bytes does not appear at its address";
        return false;
      }
    }
  }
  return true;
}

} // namespace tierlink
