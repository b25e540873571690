// Job: conversions by signature letter. No conversion guesses: a value that doesn't fit is refused.
#include "marshal.h"

#include <cmath>
#include <cstring>

namespace tierlink {
namespace {

constexpr double safeInteger = 9007199254740991.0;

bool toInteger(napi_env env, napi_value value, double low, double high, int64_t &integer) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= low && number <= high))
    return false;
  integer = static_cast<int64_t>(number);
  return static_cast<double>(integer) == number;
}

// Both readings of a width are accepted, as C code uses either: -1 and 255 are the same byte.
template <class Signed, class Unsigned>
bool toNarrow(napi_env env, napi_value value, bool signExtend, uint64_t &word) {
  constexpr double low = -static_cast<double>(1ull << (sizeof(Signed) * 8 - 1));
  constexpr double high = static_cast<double>((1ull << (sizeof(Signed) * 8)) - 1);
  int64_t integer;
  if (!toInteger(env, value, low, high, integer))
    return false;
  word = signExtend ? static_cast<uint32_t>(static_cast<int32_t>(static_cast<Signed>(integer)))
                    : static_cast<uint32_t>(static_cast<Unsigned>(integer));
  return true;
}

bool toBoolean(napi_env env, napi_value value, uint64_t &word) {
  bool flag;
  if (napi_get_value_bool(env, value, &flag) == napi_ok) {
    word = flag ? 1 : 0;
    return true;
  }
  int64_t integer;
  if (!toInteger(env, value, 0, 1, integer))
    return false;
  word = static_cast<uint64_t>(integer);
  return true;
}

bool toWide(napi_env env, napi_value value, uint64_t &word) {
  bool lossless = false;
  int64_t integer;
  if (napi_get_value_bigint_int64(env, value, &integer, &lossless) == napi_ok && lossless) {
    word = static_cast<uint64_t>(integer);
    return true;
  }
  if (napi_get_value_bigint_uint64(env, value, &word, &lossless) == napi_ok)
    return lossless;
  if (!toInteger(env, value, -safeInteger, safeInteger, integer))
    return false;
  word = static_cast<uint64_t>(integer);
  return true;
}

// Where results are numbers, so are most arguments.
bool toNumberedWide(napi_env env, napi_value value, uint64_t &word) {
  int64_t integer;
  if (!toInteger(env, value, -safeInteger, safeInteger, integer))
    return toWide(env, value, word);
  word = static_cast<uint64_t>(integer);
  return true;
}

bool toText(napi_env env, napi_value value, Texts &texts, uint64_t &word) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok)
    return false;
  std::string &text = texts.emplace_front(length, '\0');
  if (napi_get_value_string_utf8(env, value, text.data(), length + 1, &length) != napi_ok ||
      text.find('\0') != std::string::npos)
    return false;
  word = reinterpret_cast<uint64_t>(text.c_str());
  return true;
}

bool toPointer(napi_env env, napi_value value, Texts &texts, uint64_t &word) {
  // Those that are used most come first: to ask for the type costs as much as to try.
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env, value, &word, &lossless) == napi_ok)
    return lossless;
  void *data = nullptr;
  bool isBuffer = false; // a newer Node gives what is shared between threads as one, too
  if (napi_get_typedarray_info(env, value, nullptr, nullptr, &data, nullptr, nullptr) != napi_ok &&
      napi_get_dataview_info(env, value, nullptr, &data, nullptr, nullptr) != napi_ok &&
      (napi_is_arraybuffer(env, value, &isBuffer) != napi_ok || !isBuffer ||
       napi_get_arraybuffer_info(env, value, &data, nullptr) != napi_ok))
    return toText(env, value, texts, word) || toResultAddress(env, value, word);
  word = reinterpret_cast<uint64_t>(data);
  return true;
}

bool toNumberedPointer(napi_env env, napi_value value, Texts &texts, uint64_t &word) {
  int64_t integer;
  if (!toInteger(env, value, 0, safeInteger, integer))
    return toPointer(env, value, texts, word);
  word = static_cast<uint64_t>(integer);
  return true;
}

} // namespace

bool toResultAddress(napi_env env, napi_value value, uint64_t &word) {
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env, value, &word, &lossless) == napi_ok)
    return lossless;
  word = 0;
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_null;
}

bool toWordOfAny(napi_env env, napi_value value, char letter, Texts &texts, uint64_t &word) {
  switch (letter) {
  case 'b':
    return toBoolean(env, value, word);
  case 'B': // signext i1: true is -1
    if (!toBoolean(env, value, word))
      return false;
    word = word != 0 ? 0xffffffffu : 0;
    return true;
  case '1':
  case 'O':
    return toNarrow<int8_t, uint8_t>(env, value, letter == 'O', word);
  case '2':
  case 'T':
    return toNarrow<int16_t, uint16_t>(env, value, letter == 'T', word);
  case '4':
    return toNarrow<int32_t, uint32_t>(env, value, true, word);
  case '8':
    return toWide(env, value, word);
  case 'n':
    return toNumberedWide(env, value, word);
  case 'p':
    return toPointer(env, value, texts, word);
  case 'q':
    return toNumberedPointer(env, value, texts, word);
  case 'f': {
    double number;
    if (napi_get_value_double(env, value, &number) != napi_ok)
      return false;
    const float narrow = static_cast<float>(number);
    word = 0;
    memcpy(&word, &narrow, sizeof narrow);
    return true;
  }
  default:
    return false;
  }
}

const char *expectedFor(char letter) {
  switch (letter) {
  case 'b':
  case 'B':
    return "a boolean";
  case '1':
  case 'O':
    return "an integer from -128 to 255";
  case '2':
  case 'T':
    return "an integer from -32768 to 65535";
  case '4':
    return "an integer from -2147483648 to 4294967295";
  case '8':
  case 'n':
    return "a bigint of 64 bits or a safe integer";
  case 'p':
    return "an address as bigint, null, a buffer or a string without zero characters";
  case 'q':
    return "an address as number or bigint, null, a buffer or a string without zero characters";
  default:
    return "a number";
  }
}

const char *expectedForResult(char letter) {
  return letter == 'p' ? "an address as bigint, or null" : expectedFor(letter);
}

napi_value fromWordOfAny(napi_env env, char letter, uint64_t word) {
  napi_value value = nullptr;
  switch (letter) {
  case 'v':
    napi_get_undefined(env, &value);
    break;
  case 'b':
  case 'B':
    napi_get_boolean(env, (word & 1) != 0, &value);
    break;
  case '1':
  case 'O':
    napi_create_int32(env, static_cast<int8_t>(word), &value);
    break;
  case '2':
  case 'T':
    napi_create_int32(env, static_cast<int16_t>(word), &value);
    break;
  case 'n':
  case 'q':
    napi_create_double(env, static_cast<double>(static_cast<int64_t>(word)), &value);
    break;
  case '8':
    napi_create_bigint_int64(env, static_cast<int64_t>(word), &value);
    break;
  case 'p':
    napi_create_bigint_uint64(env, word, &value);
    break;
  case 'f': {
    float narrow;
    memcpy(&narrow, &word, sizeof narrow);
    napi_create_double(env, narrow, &value);
    break;
  }
  case 'd': {
    double number;
    memcpy(&number, &word, sizeof number);
    napi_create_double(env, number, &value);
    break;
  }
  default: // no other letter is bound
    break;
  }
  return value;
}

} // namespace tierlink
