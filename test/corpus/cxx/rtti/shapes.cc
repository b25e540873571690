#include "shapes.h"

Shape::~Shape() = default;
double Square::area() const { return side * side; }

std::unique_ptr<Shape> make(int n) {
  if (n % 2 == 0) return std::make_unique<Square>(n % 10);
  return std::make_unique<Round>();
}
