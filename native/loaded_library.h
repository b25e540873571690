// Job: which library an address lies in.
#pragma once

#include <link.h>

namespace tierlink {

// Null if in none. In logarithmic time: dladdr would look at each symbol of the library, of which Node has a
// hundred thousand.
const link_map *libraryAround(const void *address);

} // namespace tierlink
