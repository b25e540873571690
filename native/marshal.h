// Job: one JS value to one machine word and back, strictly.
#pragma once

#include <cstdint>
#include <forward_list>
#include <string>

#include <node_api.h>

#include "trampoline.h"

namespace tierlink {

// Copies of strings that arguments point to; they stay where they are.
using Texts = std::forward_list<std::string>;

// False if the value doesn't fit the letter; nothing is thrown then. Pointers into buffers are valid as long
// as the caller keeps the value alive and JS does not run; those to strings as long as `texts`.
bool toWord(napi_env env, napi_value value, char letter, Texts &texts, uint64_t &word);

// What a letter accepts, in words.
const char *expectedFor(char letter);

// The same for what a JS function returns to compiled code: of pointers, only addresses, as nobody would keep
// a buffer.
bool toResultWord(napi_env env, napi_value value, char letter, uint64_t &word);
const char *expectedForResult(char letter);

// The JS value of a machine word: an argument that compiled code gives, or a result. Null with a pending
// exception if Node refuses.
napi_value fromWord(napi_env env, char letter, uint64_t word);

// The value of a call's result registers; null with a pending exception if Node refuses.
napi_value fromResult(napi_env env, char letter, const CallFrame &frame);

} // namespace tierlink
