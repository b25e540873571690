// Job: where V8 may put code that it compiles itself. It maps that memory as it likes, also writable and
// executable, so an audit must be able to tell it from everything else.
#pragma once

#include <cstdint>
#include <vector>

#include "frame_table.h"

namespace tierlink {

class HostCode {
public:
  // Notes the range of the isolate that this thread is in, and returns it; empty if V8 does not tell.
  static AddressRange note();
  // Forgets a range: its isolate ends.
  static void forget(AddressRange range);
  // The ranges of all isolates that were noted.
  static std::vector<AddressRange> ranges();
};

} // namespace tierlink
