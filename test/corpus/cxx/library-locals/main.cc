// Thread-locals of a shared library, and what libstdc++ does with its own: std::call_once, std::thread.
#include "library.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

int other(int);

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  long sum = 0;
  for (int i = 0; i < rounds; i++) {
    libraryCount++;
    sum += libraryAdd(1) + other(i);
    errno = 0;
    std::strtol("99999999999999999999", nullptr, 10);
    sum += errno == ERANGE;
  }
  printf("%ld %d\n", sum, libraryCount);
  for (int i = 0; i < 2; i++) {
    std::thread([&] {
      printf("%d\n", libraryCount);
      libraryLogged.n += i;
      printf("%d\n", other(1));
    }).join();
  }
  std::once_flag once;
  std::atomic<int> times{0}, failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; i++) {
    threads.emplace_back([&] {
      try {
        std::call_once(once, [&] { if (times++ == 0) throw std::runtime_error("not yet"); });
      } catch (const std::runtime_error &) { failures++; }
      for (int k = 0; k < 1000; k++) libraryFill();
    });
  }
  for (auto &thread : threads) thread.join();
  printf("%d %d\n", times.load(), failures.load());
  return 0;
}
