// Job: a page of thunks, each of which jumps through a cell of its own on the page behind.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tierlink {

// The assembler file knows both.
constexpr size_t thunkPageBytes = 4096;
constexpr size_t thunkBytes = 16;

// The first thunk of a page that is not writable any more, since it is executable; the page of cells behind
// it is zero, and stays writable. Null if the kernel gives no memory. Never unmapped.
uint8_t *mapThunkPage();

} // namespace tierlink
