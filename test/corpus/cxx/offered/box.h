#pragma once
#include <cstdint>
// Nobody instantiates this one: whoever calls its members has to have them inlined, or compile the bodies offered.
template <class T> struct Box {
  T value{};
  T add(T n) { return value += n; }
  T twice() const { return value * 2; }
};
extern template struct Box<int>;
extern template struct Box<std::int64_t>;
std::int64_t other(int);
