// Triangles.
#include "shapes.h"

static double side(Point a, Point b, Point c) { return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x); }
static double least(double a, double b) { return a < b ? a : b; }
static double most(double a, double b) { return a > b ? a : b; }

double Triangle::area() const {
  double twice = side(corners_[0], corners_[1], corners_[2]);
  return (twice < 0 ? -twice : twice) / 2;
}

Box Triangle::bounds() const {
  Box box = {corners_[0], corners_[0]};
  for (Point corner : corners_)
    box = {{least(box.low.x, corner.x), least(box.low.y, corner.y)}, {most(box.high.x, corner.x), most(box.high.y, corner.y)}};
  return box;
}

bool Triangle::contains(Point point) const {
  bool one = side(corners_[0], corners_[1], point) < 0, two = side(corners_[1], corners_[2], point) < 0;
  return one == two && two == (side(corners_[2], corners_[0], point) < 0);
}

void Triangle::move(double x, double y) {
  for (Point &corner : corners_)
    corner.x += x, corner.y += y;
}
