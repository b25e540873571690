#include <stdexcept>

void stray(int n) {
  if (n == 0) throw std::logic_error("nobody catches this");
  stray(n - 1);
}
