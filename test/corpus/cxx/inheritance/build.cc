#include "shared.h"

int alive = 0;
std::unique_ptr<Top> build(int n) {
  switch (n % 4) {
  case 0: return std::make_unique<Top>(n % 100);
  case 1: return std::make_unique<Left>();
  case 2: return std::make_unique<Bottom>(n % 100);
  default: return std::make_unique<Lower>(n % 100);
  }
}
Method method(int n) { return n % 2 == 0 ? &Top::sum : static_cast<Method>(&Top::sum); }
int throughRight(Right &right, int n) { return right.onlyRight(n % 5); }
