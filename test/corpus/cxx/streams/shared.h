#pragma once
#include <iosfwd>
#include <streambuf>
#include <string>

struct Point {
  int x, y;
};
std::ostream &operator<<(std::ostream &, const Point &);
Point parsePoint(const std::string &);
void describe(std::ostream &);

// A stream buffer that counts what goes through it.
struct Counting : std::streambuf {
  explicit Counting(std::streambuf *to) : to(to) {}
  int overflow(int c) override;
  std::streambuf *to;
  int seen = 0;
};
