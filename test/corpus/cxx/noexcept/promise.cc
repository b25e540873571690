#include <stdexcept>
#include <string>

int check(int n) {
  if (n < 0) throw std::invalid_argument("negative: " + std::to_string(n));
  return n + 1;
}
int promise(int n) noexcept { return check(n); }
long warm(int rounds) {
  long sum = 0;
  for (int round = 0; round < rounds; round++) {
    sum += promise(round);
    try {
      check(-round - 1);
    } catch (const std::invalid_argument &) {
      sum++;
    }
  }
  return sum;
}
