#include "box.h"

static Box<std::int64_t> total;
std::int64_t other(int n) {
  Box<int> box;
  box.add(n);
  return total.add(box.twice());
}
