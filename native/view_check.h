// Job: finds out whether a writable view is what it is said to be, without a fault if it isn't.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tierlink {

// Whether what is written into the view can be read at the address, at its first and at its last bytes, which
// change. False, and why in `failure`, if not: nobody else may use either of them meanwhile.
bool viewMirrors(std::span<const uint8_t> view, uint64_t address, std::string &failure);

} // namespace tierlink
