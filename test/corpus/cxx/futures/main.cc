// std::async, futures, promises, condition variables and a pool of threads of the program's own.
#include "shared.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <shared_mutex>
#include <stdexcept>

static long halves(const std::vector<long> &all, std::size_t from, std::size_t to) {
  if (to - from < 256) return std::accumulate(all.begin() + from, all.begin() + to, 0L);
  std::size_t middle = (from + to) / 2;
  auto lower = std::async(std::launch::async, halves, std::cref(all), from, middle);
  long upper = halves(all, middle, to);
  return lower.get() + upper;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  std::vector<long> numbers(2048);
  std::iota(numbers.begin(), numbers.end(), 1);
  long sum = 0;
  for (int round = 0; round < 1 + rounds / 50; round++) sum += halves(numbers, 0, numbers.size());
  printf("%ld\n", sum);
  {
    Pool pool(3);
    std::vector<std::future<long>> futures;
    for (int round = 0; round < rounds; round++) futures.push_back(pool.submit([round] { return fibonacci(round % 12); }));
    auto failing = pool.submit([]() -> long { throw std::domain_error("a task"); });
    for (auto &future : futures) sum += future.get();
    try {
      failing.get();
    } catch (const std::domain_error &error) {
      puts(error.what());
    }
  }
  std::shared_mutex shared;
  std::atomic<int> readers{0};
  long guarded = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 500; k++) {
        if (i == 0) {
          std::unique_lock lock(shared);
          guarded++;
        } else {
          std::shared_lock lock(shared);
          readers += guarded >= 0;
        }
      }
    });
  }
  for (auto &thread : threads) thread.join();
  auto lazy = std::async(std::launch::deferred, fibonacci, 15);
  std::promise<void> broken;
  auto waiting = broken.get_future();
  { std::promise<void> gone = std::move(broken); }
  try {
    waiting.get();
  } catch (const std::future_error &error) {
    printf("%d\n", error.code() == std::future_errc::broken_promise);
  }
  printf("%ld %ld %d %ld\n", sum, guarded, readers.load(), lazy.get());
  return waiting.valid();
}
