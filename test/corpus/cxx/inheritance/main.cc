// Virtual inheritance, covariant returns, thunks, pointers to members: between modules.
#include "shared.h"

#include <cstdio>
#include <cstdlib>

struct Early : virtual Top {
  Early() : Top(7) { seen = call(); }
  int call() { return sum(); }
  int seen;
};
struct Late : Early {
  Late() : Top(8) {}
  int sum() const override { return 1000; }
};

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  long sum = 0;
  for (int round = 0; round < rounds; round++) {
    std::unique_ptr<Top> made = build(round);
    std::unique_ptr<Top> copy(made->clone());
    sum += copy->sum() + (copy.get()->*method(round))();
    if (auto *right = dynamic_cast<Right *>(copy.get())) sum += throughRight(*right, round);
    if (auto *lower = dynamic_cast<Lower *>(copy.get())) {
      Left *left = lower;
      std::unique_ptr<Left> again(left->clone());
      sum += again->left + alive;
    }
  }
  Late late;
  printf("%ld %d %d %d\n", sum, late.seen, late.sum(), alive);
  int Bottom::*field = &Bottom::bottom;
  Bottom bottom(3);
  bottom.*field += 5;
  printf("%d %d\n", bottom.sum(), method(0) == &Top::sum);
  return 0;
}
