/* A picture of the set, blurred. */
#include "../passes.h"
#include "mandelbrot.h"

enum { width = 480, height = 320, most = 200, blurs = 12 };
static int32_t turns[width];
static uint8_t pixels[2][width * height];

void prepare(void) {}

uint64_t pass(void) {
  for (int row = 0; row < height; row++) {
    double imaginary = row * 2.4 / height - 1.2;
    for (int column = 0; column < width; column += lanes) {
      double real[lanes];
      for (int lane = 0; lane < lanes; lane++) real[lane] = (column + lane) * 3.2 / width - 2.2;
      iterate(real, imaginary, most, &turns[column]);
    }
    paint(turns, width, most, &pixels[0][row * width]);
  }
  for (int turn = 0; turn < blurs; turn++) blur(pixels[turn & 1], pixels[~turn & 1], width, height);
  uint64_t sum = 0;
  for (int at = 0; at < width * height; at += 7) sum = mix(sum, pixels[0][at]);
  return sum;
}
