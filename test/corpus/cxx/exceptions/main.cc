// Exceptions between modules and tiers: nested, captured, thrown again on another thread.
#include "shared.h"

#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

static std::string unnest(const std::exception &error) {
  std::string text = error.what();
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception &inner) {
    text += " < " + unnest(inner);
  }
  return text;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  long guards = 0, depths = 0, others = 0;
  for (int round = 0; round < rounds; round++) {
    try {
      dive(round % 12, guards);
    } catch (Failure &failure) {
      depths += failure.depth;
    }
    try {
      nest(3);
    } catch (const std::exception &error) {
      if (round == 0) puts(unnest(error).c_str());
      others += unnest(error).size();
    }
    std::exception_ptr captured = capture(round);
    if (round % 64 == 0) {
      std::thread([&] {
        try {
          std::rethrow_exception(captured);
        } catch (const Failure &failure) {
          others += failure.depth;
        } catch (int n) {
          others += n;
        }
      }).join();
    }
    others += filtered(round);
  }
  std::promise<int> promise;
  std::thread([&promise] {
    try {
      throw Failure("on a thread", 9);
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }).join();
  try {
    promise.get_future().get();
  } catch (const Failure &failure) {
    printf("%s %d\n", failure.what(), failure.depth);
  }
  printf("%ld %ld %ld\n", guards, depths, others);
  return 17;
}
