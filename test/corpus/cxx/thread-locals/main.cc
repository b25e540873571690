// thread_local objects with constructors and destructors, of several modules, used on several threads.
#include "shared.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

static thread_local Traced mine("mine");
thread_local int plain = 5;

static long work(int rounds) {
  long sum = 0;
  for (int round = 0; round < rounds; round++) {
    sum += touch(round % 3) + plain++ + ++mine.uses;
    everywhere.push_back(round);
    sum += static_cast<long>(everywhere.size());
    if (everywhere.size() > 50) everywhere.resize(3);
  }
  return sum;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  printf("main %ld\n", work(rounds));
  for (int thread = 0; thread < 3; thread++) {
    std::thread([&] { printf("thread %ld %d\n", work(rounds / 2), first.uses > 0); }).join();
  }
  // A thread that never uses them makes none.
  std::thread([] { puts("idle"); }).join();
  std::thread nested([] {
    second().uses = 1;
    std::thread([] { printf("%d\n", second().uses); }).join();
    printf("%d\n", second().uses);
  });
  nested.join();
  std::atomic<long> total{0};
  std::thread many[4];
  for (auto &thread : many) thread = std::thread([&] { plain = 5; for (int i = 0; i < rounds; i++) total += plain++; });
  for (auto &thread : many) thread.join();
  printf("%ld\n", total.load());
  puts("end of main");
  return plain % 100;
}
