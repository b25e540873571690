// A scene asks shapes what they are only when it asks them.
#include "shapes.h"
#include "../passes.h"
#include <stddef.h>

inline void *operator new(size_t, void *place) noexcept { return place; }

void Scene::fill(unsigned seed) {
  alignas(16) static char memory[count][64];
  auto number = [&] { return next_random(&seed) % 1000 / 10.0; };
  for (int at = 0; at < count; at++) {
    Point point = {number(), number()};
    void *place = memory[at];
    // Most are circles: what is called is likely, not certain.
    unsigned kind = next_random(&seed) % 8;
    if (kind < 5)
      shapes_[at] = new (place) Circle(point, 1 + number() / 30);
    else if (kind < 7)
      shapes_[at] = new (place) Rectangle({point, {point.x + 2, point.y + number() / 20}});
    else
      shapes_[at] = new (place) Triangle(point, {point.x + 3, point.y}, {point.x, point.y + number() / 15});
  }
}

double Scene::area() const {
  double sum = 0;
  for (const Shape *shape : shapes_)
    sum += shape->area();
  return sum;
}

int Scene::hits(Point point) const {
  int found = 0;
  for (const Shape *shape : shapes_)
    found += shape->contains(point);
  return found;
}

int Scene::meeting() const {
  int found = 0;
  for (int one = 0; one < count; one++) {
    Box box = shapes_[one]->bounds();
    for (int other = one + 1; other < count; other++)
      found += box.meets(shapes_[other]->bounds());
  }
  return found;
}

void Scene::drift(double x, double y) {
  for (Shape *shape : shapes_)
    shape->move(x, y);
}
