/* What bodies do to each other. */
#include "bodies.h"
#include <math.h>

void advance(struct body *bodies, double seconds) {
  for (int one = 0; one < body_count; one++)
    for (int other = one + 1; other < body_count; other++) {
      struct vector way = vector_subtract(bodies[one].place, bodies[other].place);
      double squared = vector_dot(way, way);
      double pull = seconds / (squared * sqrt(squared));
      bodies[one].speed = vector_subtract(bodies[one].speed, vector_scale(way, bodies[other].mass * pull));
      bodies[other].speed = vector_add(bodies[other].speed, vector_scale(way, bodies[one].mass * pull));
    }
  for (int one = 0; one < body_count; one++)
    bodies[one].place = vector_add(bodies[one].place, vector_scale(bodies[one].speed, seconds));
}

double energy(const struct body *bodies) {
  double sum = 0;
  for (int one = 0; one < body_count; one++) {
    sum += 0.5 * bodies[one].mass * vector_dot(bodies[one].speed, bodies[one].speed);
    for (int other = one + 1; other < body_count; other++) {
      struct vector way = vector_subtract(bodies[one].place, bodies[other].place);
      sum -= bodies[one].mass * bodies[other].mass / sqrt(vector_dot(way, way));
    }
  }
  return sum;
}
