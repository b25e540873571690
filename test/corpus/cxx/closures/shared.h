#pragma once
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>
using Step = std::function<long(long)>;
Step compose(std::vector<Step>);
Step counter(int &calls);
inline auto adder(long n) { return [n](long x) { return x + n; }; }
template <class F> long apply(F &&f, int times) {
  long x = 0;
  for (int i = 0; i < times; i++) x = f(x);
  return x;
}
using Value = std::variant<std::monostate, long, double, std::string>;
Value change(const Value &);
void each(const std::vector<int> &, const std::function<bool(int)> &);
