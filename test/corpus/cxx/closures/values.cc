#include "shared.h"

struct Changer {
  Value operator()(std::monostate) const { return {}; }
  Value operator()(long n) const { return n % 7 == 0 ? Value() : Value(adder(1)(n)); }
  Value operator()(double n) const { return n * 2; }
  Value operator()(const std::string &text) const { return text + text; }
};
Value change(const Value &value) { return std::visit(Changer(), value); }
void each(const std::vector<int> &all, const std::function<bool(int)> &go) {
  for (int n : all)
    if (!go(n)) break;
}
