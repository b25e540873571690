// What modules share: function-local statics, inline variables, members of templates, addresses of inline functions.
#include "shared.h"

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  std::vector<std::thread> threads;
  std::atomic<int> agree{0};
  for (int i = 0; i < 8; i++) {
    threads.emplace_back([&, i] { agree += (i % 2 == 0 ? fromA() : fromB()) == &single(); });
  }
  for (auto &thread : threads) thread.join();
  printf("%d %d %d\n", agree.load(), made.load(), single().number);
  long sum = 0;
  for (int round = 0; round < rounds; round++) sum += useA(round) + useB(round) + next() + slot<long>()++;
  printf("%ld %ld %d %d\n", sum, slot<long>(), slot<int>(), Registry<int>::count);
  printf("%d %d\n", whereA() == &slot<int>() && whereB() == &slot<int>(), pointerA() == pointerB() && pointerA() == &next);
  printf("%s %d %d\n", greeting.c_str(), initialised, Registry<short>::last);
  return next() % 100;
}
