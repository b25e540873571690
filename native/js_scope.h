// Job: what surrounds a call of JS in the middle of compiled code: floating-point modes and handles.
#pragma once

#include <cstdint>
#include <immintrin.h>

#include <node_api.h>

namespace tierlink {

// JS expects the modes that a thread begins with; the program gets its own back.
class DefaultFloatingPoint {
public:
  DefaultFloatingPoint() : vector_(_mm_getcsr()) {
    asm volatile("fnstcw %0" : "=m"(x87_));
    // Flags that were raised are no modes.
    changed_ = (vector_ & ~flags) != vectorDefault || x87_ != x87Default;
    if (changed_) [[unlikely]]
      set(vectorDefault, x87Default);
  }
  ~DefaultFloatingPoint() {
    if (changed_) [[unlikely]]
      set(vector_, x87_);
  }
  DefaultFloatingPoint(const DefaultFloatingPoint &) = delete;
  DefaultFloatingPoint &operator=(const DefaultFloatingPoint &) = delete;

private:
  static constexpr uint32_t flags = 0x3f;
  static constexpr uint32_t vectorDefault = 0x1f80;
  static constexpr uint16_t x87Default = 0x37f;

  static void set(uint32_t vector, uint16_t x87) {
    _mm_setcsr(vector);
    asm volatile("fldcw %0" : : "m"(x87));
  }

  const uint32_t vector_;
  uint16_t x87_ = 0;
  bool changed_;
};

// A handle scope; closed at the end.
class Scope {
public:
  explicit Scope(napi_env env) : env_(env), isOpen_(napi_open_handle_scope(env, &scope_) == napi_ok) {}
  ~Scope() {
    if (isOpen_)
      napi_close_handle_scope(env_, scope_);
  }
  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;
  bool isOpen() const { return isOpen_; }

private:
  const napi_env env_;
  napi_handle_scope scope_ = nullptr;
  const bool isOpen_;
};

} // namespace tierlink
