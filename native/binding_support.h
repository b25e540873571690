// Conversions between Node-API values and C++ for the binding files: arguments, results, errors, handles.
// A binding is a C++ function `napi_value f(Call &call)`; it may throw BindingError (or any std::exception),
// which becomes a JS Error. No exception ever crosses into Node.
#pragma once

#include <node_api.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tierlink {

/// Becomes a JS Error with this message.
class BindingError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Thrown where Node-API left a JS exception pending: nothing may be thrown on top of it.
class PendingJsException : public std::exception {};

/// Turns a failed Node-API status into an exception.
inline void check(napi_env env, napi_status status, const char *what) {
  if (status == napi_ok)
    return;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending)
    throw PendingJsException();
  throw BindingError(std::string("Node-API refused: ") + what);
}

/// Bytes owned by JS: valid until the binding returns, not across threads.
struct ByteView {
  const uint8_t *data = nullptr;
  size_t size = 0;
};

inline napi_value undefined(napi_env env) {
  napi_value value;
  check(env, napi_get_undefined(env, &value), "undefined");
  return value;
}

inline napi_value null(napi_env env) {
  napi_value value;
  check(env, napi_get_null(env, &value), "null");
  return value;
}

inline napi_value object(napi_env env) {
  napi_value value;
  check(env, napi_create_object(env, &value), "object");
  return value;
}

inline napi_value toJs(napi_env env, std::string_view text) {
  napi_value value;
  check(env, napi_create_string_utf8(env, text.data(), text.size(), &value), "string");
  return value;
}

inline napi_value toJs(napi_env env, const char *text) { return toJs(env, std::string_view(text)); }

inline napi_value toJs(napi_env env, double number) {
  napi_value value;
  check(env, napi_create_double(env, number, &value), "number");
  return value;
}

inline napi_value toJs(napi_env env, bool flag) {
  napi_value value;
  check(env, napi_get_boolean(env, flag, &value), "boolean");
  return value;
}

inline napi_value toJsBigint(napi_env env, uint64_t number) {
  napi_value value;
  check(env, napi_create_bigint_uint64(env, number, &value), "bigint");
  return value;
}

/// A Uint8Array with a copy of these bytes.
inline napi_value toJsBytes(napi_env env, const void *data, size_t size) {
  void *memory = nullptr;
  napi_value buffer, array;
  check(env, napi_create_arraybuffer(env, size, &memory, &buffer), "ArrayBuffer");
  if (size != 0)
    __builtin_memcpy(memory, data, size);
  check(env, napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &array), "Uint8Array");
  return array;
}

inline void setProperty(napi_env env, napi_value target, const char *name, napi_value value) {
  check(env, napi_set_named_property(env, target, name, value), name);
}

inline napi_value getProperty(napi_env env, napi_value target, const char *name) {
  napi_value value;
  check(env, napi_get_named_property(env, target, name, &value), name);
  return value;
}

inline std::string toString(napi_env env, napi_value value, const char *what) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok)
    throw BindingError(std::string(what) + " must be a string");
  std::string text(length, '\0');
  check(env, napi_get_value_string_utf8(env, value, text.data(), length + 1, &length), what);
  return text;
}

inline bool toBool(napi_env env, napi_value value, const char *what) {
  bool flag = false;
  if (napi_get_value_bool(env, value, &flag) != napi_ok)
    throw BindingError(std::string(what) + " must be a boolean");
  return flag;
}

/// An integer within [low, high]; NaN, fractions and anything out of range are refused.
inline int64_t toInteger(napi_env env, napi_value value, int64_t low, int64_t high, const char *what) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= static_cast<double>(low)) ||
      !(number <= static_cast<double>(high)) || number != std::floor(number))
    throw BindingError(std::string(what) + " must be an integer from " + std::to_string(low) + " to " +
                       std::to_string(high));
  return static_cast<int64_t>(number);
}

inline uint64_t toBigint(napi_env env, napi_value value, const char *what) {
  uint64_t number = 0;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env, value, &number, &lossless) != napi_ok || !lossless)
    throw BindingError(std::string(what) + " must be a bigint from 0n to 2n**64n-1n");
  return number;
}

/// The elements of a typed array, in place: valid while the JS call lasts.
template <class Element>
inline std::span<const Element> toElements(napi_env env, napi_value value, napi_typedarray_type expected,
                                           const std::string &what) {
  bool isTyped = false;
  napi_typedarray_type type;
  size_t length = 0;
  void *data = nullptr;
  if (napi_is_typedarray(env, value, &isTyped) != napi_ok || !isTyped ||
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != expected)
    throw BindingError(what);
  return {static_cast<const Element *>(data), length};
}

inline ByteView toBytes(napi_env env, napi_value value, const char *what) {
  const auto bytes =
      toElements<uint8_t>(env, value, napi_uint8_array, std::string(what) + " must be a Uint8Array");
  return {bytes.data(), bytes.size()};
}

inline napi_value toFunction(napi_env env, napi_value value, const char *what) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_function)
    throw BindingError(std::string(what) + " must be a function");
  return value;
}

// Handles: a napi external that owns a shared_ptr<T>, recognised by T::typeTag, so that a handle of another
// kind (or another addon's external) is refused instead of being cast. T declares
//   static constexpr napi_type_tag typeTag{0x..., 0x...};

template <class T> napi_value makeHandle(napi_env env, std::shared_ptr<T> target) {
  auto owner = std::make_unique<std::shared_ptr<T>>(std::move(target));
  napi_value external;
  check(env,
        napi_create_external(
            env, owner.get(),
            [](napi_env, void *data, void *) { delete static_cast<std::shared_ptr<T> *>(data); }, nullptr,
            &external),
        "external");
  owner.release();
  check(env, napi_type_tag_object(env, external, &T::typeTag), "type tag");
  return external;
}

template <class T> std::shared_ptr<T> fromHandle(napi_env env, napi_value value, const char *what) {
  napi_valuetype type;
  bool matches = false;
  void *data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(env, value, &T::typeTag, &matches) != napi_ok || !matches ||
      napi_get_value_external(env, value, &data) != napi_ok)
    throw BindingError(std::string(what) + " is not a handle of the right kind");
  // Safe because only makeHandle<T> puts T::typeTag on an external, and it stores exactly this pointer.
  return *static_cast<std::shared_ptr<T> *>(data);
}

/// The arguments of one call from JS.
class Call {
public:
  static constexpr size_t maxArguments = 8;

  Call(napi_env env, napi_callback_info info) : env(env) {
    check(env, napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr), "arguments");
  }

  napi_env env;

  /// Missing arguments read as undefined (Node-API fills them in).
  napi_value value(size_t index) const { return values_[index]; }
  std::string string(size_t index, const char *what) const { return toString(env, value(index), what); }
  bool boolean(size_t index, const char *what) const { return toBool(env, value(index), what); }
  int64_t integer(size_t index, int64_t low, int64_t high, const char *what) const {
    return toInteger(env, value(index), low, high, what);
  }
  uint64_t bigint(size_t index, const char *what) const { return toBigint(env, value(index), what); }
  ByteView bytes(size_t index, const char *what) const { return toBytes(env, value(index), what); }
  std::span<const uint64_t> words(size_t index, const char *what) const {
    return toElements<uint64_t>(env, value(index), napi_biguint64_array,
                                std::string(what) + " must be a BigUint64Array");
  }
  std::span<const uint8_t> elements(size_t index, const char *what) const {
    const ByteView view = bytes(index, what);
    return {view.data, view.size};
  }
  napi_value function(size_t index, const char *what) const { return toFunction(env, value(index), what); }
  template <class T> std::shared_ptr<T> handle(size_t index, const char *what) const {
    return fromHandle<T>(env, value(index), what);
  }

private:
  size_t count_ = maxArguments;
  napi_value values_[maxArguments];
};

using Binding = napi_value (*)(Call &call);

/// The napi_callback around a Binding: the one place where C++ exceptions become JS errors.
template <Binding function> napi_value enter(napi_env env, napi_callback_info info) {
  try {
    Call call(env, info);
    return function(call);
  } catch (const PendingJsException &) {
    return nullptr;
  } catch (const std::exception &error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

/// exports[name] = function.
template <Binding function> void exportFunction(napi_env env, napi_value exports, const char *name) {
  napi_value value;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, enter<function>, nullptr, &value), name);
  setProperty(env, exports, name, value);
}

/// The LLVM half of the exports (binding_llvm.cc).
void registerLlvm(napi_env env, napi_value exports);
/// The runtime half of the exports (binding_runtime.cc).
void registerRuntime(napi_env env, napi_value exports);

} // namespace tierlink
