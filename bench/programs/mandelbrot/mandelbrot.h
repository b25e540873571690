#ifndef MANDELBROT_H
#define MANDELBROT_H

#include <stdint.h>

enum { lanes = 8 };

/* Turns of some points beside each other until each is out. */
void iterate(const double *real, double imaginary, int most, int32_t *turns);

/* Colours from turns, and a blur over them. */
void paint(const int32_t *turns, int count, int most, uint8_t *pixels);
void blur(const uint8_t *from, uint8_t *to, int width, int height);

#endif
