// Job: points entries of a loaded library's own offset table to other functions. This is what LD_PRELOAD
// does, but for one library, and after it was loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace tierlink {

/// Calls `visit` with the name and the entry of each function that the library around `inside` calls through
/// its procedure linkage table. Nothing is visited if no library lies there.
void visitImports(const void *inside, const std::function<void(std::string_view name, void **entry)> &visit);

/// The same with all entries, and words of data, that hold the address of a symbol and an addend.
void visitReferences(const void *inside,
                     const std::function<void(std::string_view name, void **entry, intptr_t addend)> &visit);

/// Stores `function` into an entry. False, and nothing stored, if the kernel does not let its page be
/// written.
bool redirectImport(void **entry, void *function);

} // namespace tierlink
