#ifndef BODIES_H
#define BODIES_H

struct vector {
  double x, y, z;
};

struct vector vector_add(struct vector a, struct vector b);
struct vector vector_subtract(struct vector a, struct vector b);
struct vector vector_scale(struct vector a, double by);
double vector_dot(struct vector a, struct vector b);

struct body {
  struct vector place, speed;
  double mass;
};

enum { body_count = 5 };

void reset(struct body *bodies);
void advance(struct body *bodies, double seconds);
double energy(const struct body *bodies);

#endif
