/* Vectors, passed and returned by value. */
#include "bodies.h"

struct vector vector_add(struct vector a, struct vector b) { return (struct vector){a.x + b.x, a.y + b.y, a.z + b.z}; }

struct vector vector_subtract(struct vector a, struct vector b) {
  return (struct vector){a.x - b.x, a.y - b.y, a.z - b.z};
}

struct vector vector_scale(struct vector a, double by) { return (struct vector){a.x * by, a.y * by, a.z * by}; }

double vector_dot(struct vector a, struct vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
