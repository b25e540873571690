#pragma once
#include <exception>
#include <stdexcept>
#include <string>

struct Failure : std::runtime_error {
  Failure(const std::string &what, int depth) : std::runtime_error(what), depth(depth) {}
  int depth;
};
struct Guard {
  explicit Guard(long &count) : count(count) {}
  ~Guard() { count += std::uncaught_exceptions() > 0 ? 1000 : 1; }
  long &count;
};
void dive(int depth, long &guards);
std::exception_ptr capture(int);
void nest(int);
int filtered(int) noexcept(false);
