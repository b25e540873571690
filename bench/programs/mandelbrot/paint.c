/* Pixels. */
#include "mandelbrot.h"

void paint(const int32_t *turns, int count, int most, uint8_t *pixels) {
  for (int at = 0; at < count; at++) pixels[at] = (uint8_t)(turns[at] * 255 / most);
}

void blur(const uint8_t *from, uint8_t *to, int width, int height) {
  for (int row = 1; row + 1 < height; row++)
    for (int column = 1; column + 1 < width; column++) {
      const uint8_t *here = &from[row * width + column];
      int sum = here[-width] + here[width] + here[-1] + here[1] + 4 * here[0];
      to[row * width + column] = (uint8_t)(sum >> 3);
    }
}
