#include "shared.h"

#include <istream>
#include <ostream>
#include <sstream>

std::ostream &operator<<(std::ostream &out, const Point &point) {
  std::ostream::sentry sentry(out);
  return sentry ? out << '(' << point.x << ',' << point.y << ')' : out;
}

Point parsePoint(const std::string &text) {
  Point point{};
  char skip;
  std::istringstream(text) >> skip >> point.x >> skip >> point.y;
  return point;
}

int Counting::overflow(int c) {
  seen++;
  return to->sputc(static_cast<char>(c));
}

void describe(std::ostream &out) {
  auto flags = out.flags();
  out << std::scientific << 1e-10 << ' ' << Point{1, 2} << '\n';
  out.flags(flags);
}
