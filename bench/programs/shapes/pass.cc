// Moves a scene there and back, and asks it.
#include "shapes.h"
#include "../passes.h"

static Scene scene;

void prepare() {}

uint64_t pass() {
  scene.fill(1234);
  uint64_t sum = 0;
  for (int turn = 0; turn < 8; turn++) {
    scene.drift(turn & 1 ? -0.5 : 0.75, 0.25);
    for (int at = 0; at < 400; at++)
      sum = mix(sum, uint64_t(scene.hits({at % 20 * 5.0, at / 20 * 5.0})));
    sum = mix(sum, uint64_t(scene.meeting()));
    sum = mix(sum, uint64_t(scene.area() * 16));
  }
  return sum;
}
