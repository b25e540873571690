// Job: one JS value to one machine word and back, strictly.
#pragma once

#include <cstdint>
#include <cstring>
#include <emmintrin.h>
#include <forward_list>
#include <string>

#include <node_api.h>

#include "trampoline.h"

namespace tierlink {

// Copies of strings that arguments point to; they stay where they are.
using Texts = std::forward_list<std::string>;

// False if the value doesn't fit the letter; nothing is thrown then. Pointers into buffers are valid as long
// as the caller keeps the value alive and JS does not run; those to strings as long as `texts`.
bool toWordOfAny(napi_env env, napi_value value, char letter, Texts &texts, uint64_t &word);
inline bool toWord(napi_env env, napi_value value, char letter, Texts &texts, uint64_t &word) {
  // Here are those that are used most.
  double number;
  if ((letter != '4' && letter != 'd') || napi_get_value_double(env, value, &number) != napi_ok)
    return toWordOfAny(env, value, letter, texts, word);
  if (letter == 'd') {
    memcpy(&word, &number, sizeof number);
    return true;
  }
  // Of what does not fit the instruction makes the smallest number, which does not equal it.
  const int32_t integer = _mm_cvttsd_si32(_mm_set_sd(number));
  word = static_cast<uint32_t>(integer);
  return integer == number || toWordOfAny(env, value, letter, texts, word);
}

// What a letter accepts, in words.
const char *expectedFor(char letter);

// The same for what a JS function returns to compiled code: of pointers, only addresses, as nobody would keep
// a buffer.
bool toResultAddress(napi_env env, napi_value value, uint64_t &word);
inline bool toResultWord(napi_env env, napi_value value, char letter, uint64_t &word) {
  Texts none;
  return letter == 'p' || letter == 'q' ? toResultAddress(env, value, word)
                                        : toWord(env, value, letter, none, word);
}
const char *expectedForResult(char letter);

// The JS value of a machine word: an argument that compiled code gives, or a result. Null with a pending
// exception if Node refuses.
napi_value fromWordOfAny(napi_env env, char letter, uint64_t word);
inline napi_value fromWord(napi_env env, char letter, uint64_t word) {
  napi_value value = nullptr;
  if (letter != '4')
    return fromWordOfAny(env, letter, word);
  napi_create_int32(env, static_cast<int32_t>(word), &value);
  return value;
}

// The value of a call's result registers; null with a pending exception if Node refuses.
inline napi_value fromResult(napi_env env, char letter, const CallFrame &frame) {
  return fromWord(env, letter, letter == 'f' || letter == 'd' ? frame.xmm0 : frame.rax);
}

} // namespace tierlink
