#include "shapes.h"

namespace {
struct Private : Square {
  Private() : Square(2) {}
};
struct Other : Named {
  std::string name() const override { return "other"; }
};
} // namespace

Named *asNamed(Shape *shape) { return dynamic_cast<Named *>(shape); }
const std::type_info &typeOf(const Shape &shape) { return typeid(shape); }
const std::type_info &holderOfInt() { return typeid(Holder<int>); }
Named *hold(int n) {
  auto *holder = new Holder<int>;
  holder->held = n;
  return holder;
}
void throwShape(int n) {
  switch (n % 3) {
  case 0: throw Private();
  case 1: throw Other();
  default: throw Round();
  }
}
