// What each shape is.
#include "shapes.h"

bool Box::meets(const Box &other) const {
  return low.x <= other.high.x && other.low.x <= high.x && low.y <= other.high.y && other.low.y <= high.y;
}

double Shape::area() const { return 0; }
Box Shape::bounds() const { return {{0, 0}, {0, 0}}; }
bool Shape::contains(Point) const { return false; }
void Shape::move(double, double) {}

double Circle::area() const { return 3.141592653589793 * radius_ * radius_; }

Box Circle::bounds() const {
  return {{center_.x - radius_, center_.y - radius_}, {center_.x + radius_, center_.y + radius_}};
}

bool Circle::contains(Point point) const {
  double x = point.x - center_.x, y = point.y - center_.y;
  return x * x + y * y <= radius_ * radius_;
}

void Circle::move(double x, double y) { center_.x += x, center_.y += y; }

double Rectangle::area() const { return (box_.high.x - box_.low.x) * (box_.high.y - box_.low.y); }

Box Rectangle::bounds() const { return box_; }

bool Rectangle::contains(Point point) const {
  return point.x >= box_.low.x && point.x <= box_.high.x && point.y >= box_.low.y && point.y <= box_.high.y;
}

void Rectangle::move(double x, double y) {
  box_.low.x += x, box_.low.y += y;
  box_.high.x += x, box_.high.y += y;
}
