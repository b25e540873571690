// Job: finds out where a thread-local of the process or of a shared library lives.
#pragma once

#include <cstdint>
#include <optional>

#include "tls.h"

namespace tierlink {

// `library` is a dlopen handle, or null for whatever the process has loaded. Nothing for a name that isn't
// found or isn't thread-local.
std::optional<TlsIndex> tlsIndexOf(void *library, const char *name);

// Offset from the thread pointer if that is the same on each thread.
std::optional<int64_t> tlsStaticOffsetOf(void *library, const char *name);

} // namespace tierlink
