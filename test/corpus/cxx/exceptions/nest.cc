#include "shared.h"

void nest(int depth) {
  try {
    if (depth == 0) throw std::out_of_range("innermost");
    nest(depth - 1);
  } catch (...) {
    if (depth == 0) throw;
    std::throw_with_nested(Failure("level " + std::to_string(depth), depth));
  }
}

struct Cleanup {
  int &n;
  ~Cleanup() {
    // An exception that lives and dies within unwinding.
    try {
      throw 5;
    } catch (int five) {
      n += five;
    }
  }
};

int filtered(int n) noexcept(false) {
  int seen = 0;
  try {
    Cleanup cleanup{seen};
    try {
      if (n % 3 == 0) throw std::string("text");
      if (n % 3 == 1) throw 'c';
      throw &seen;
    } catch (char c) {
      seen += c;
    }
  } catch (const std::string &text) {
    seen += static_cast<int>(text.size());
  } catch (const int *pointer) {
    seen += pointer == &seen;
  }
  return seen;
}
