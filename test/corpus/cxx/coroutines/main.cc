// C++20 coroutines that are made in one module, resumed in another, and alive while their code is compiled again.
#include "shared.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

static Task outer(int n) { co_return co_await deep(n) + co_await deep(n / 2); }

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  // One lives through all tiers.
  Generator<long> old = squares(1 << 30);
  long sum = 0;
  for (int round = 0; round < rounds; round++) {
    old.next();
    sum += old.value() % 1000;
    Generator<long> young = squares(round % 20);
    while (young.next()) sum += young.value();
    Generator<int> bad = failing(round % 5);
    try {
      while (bad.next()) sum++;
    } catch (const std::runtime_error &) {
      sum += 100;
    }
    Task task = outer(round % 50);
    task.handle.resume();
    sum += task.handle.promise().result;
    task.handle.destroy();
    Generator<long> left = squares(5);
    left.next();
  }
  printf("%ld %d\n", sum, destroyed);
  return 2;
}
