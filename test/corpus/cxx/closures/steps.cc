#include "shared.h"

Step compose(std::vector<Step> steps) {
  return [steps = std::move(steps)](long x) {
    for (const auto &step : steps) x = step(x);
    return x;
  };
}
Step counter(int &calls) {
  return [&calls](long x) { calls++; return x; };
}
