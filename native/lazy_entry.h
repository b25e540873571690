// Job: what the runtime knows of lazy entries: how it is entered by one, and how to tell one.
#pragma once

#include <cstdint>

namespace tierlink {

class Engine;

extern "C" {
// Where lazy entries lead to; not to be called from C++. See lazy_entry_x86_64.S.
void tierlinkLazyEntry();
// Its inner part: the code to jump to. `behindCall` is the address behind the entry's own call.
[[gnu::visibility("hidden")]] const void *tierlinkLazyCall(Engine *engine, const void *slot,
                                                           uintptr_t behindCall);
}

// A slot and the lazy entry that it holds; both null if it holds something else.
struct LazyPlace {
  const void *slot = nullptr;
  const void *entry = nullptr;
};

// What the canonical entry of a function leads to. Any address may be given.
LazyPlace lazyPlace(Engine &engine, const void *function);

} // namespace tierlink
