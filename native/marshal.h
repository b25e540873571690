// Job: one JS value to one machine word and back, strictly.
#pragma once

#include <cstdint>

#include <node_api.h>

#include "trampoline.h"

namespace tierlink {

// False if the value doesn't fit the letter; nothing is thrown then. Pointers into buffers are valid as long
// as the caller keeps the value alive and JS does not run.
bool toWord(napi_env env, napi_value value, char letter, uint64_t &word);

// What a letter accepts, in words.
const char *expectedFor(char letter);

// The value of a call's result registers; null with a pending exception if Node refuses.
napi_value fromResult(napi_env env, char letter, const CallFrame &frame);

} // namespace tierlink
