// std::function, lambdas, std::bind and std::visit between modules.
#include "shared.h"

#include <cstdio>
#include <cstdlib>

struct Big {
  long data[16];
  long operator()(long x) const { return x + data[3]; }
};

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  int calls = 0;
  auto shared = std::make_shared<long>(3);
  std::vector<Step> steps{adder(2), counter(calls), Big{{0, 0, 0, 7}}, [shared](long x) { return x % 1000 * *shared; }, std::bind(std::minus<long>(), std::placeholders::_1, 1)};
  Step all = compose(steps);
  Step copy = all;
  long sum = 0;
  for (int round = 0; round < rounds; round++) {
    sum += all(round) + copy(round) + apply(adder(round), 3) + apply([&](long x) { return x + calls % 3; }, 2);
    Value value = round % 3 == 0 ? Value(long{round}) : round % 3 == 1 ? Value(round / 2.0) : Value(std::to_string(round));
    sum += std::visit([](const auto &seen) -> long {
      using T = std::decay_t<decltype(seen)>;
      if constexpr (std::is_same_v<T, std::string>) return seen.size();
      else if constexpr (std::is_same_v<T, std::monostate>) return -1;
      else return static_cast<long>(seen);
    }, change(value));
    each({1, 2, 3, 4}, [&](int n) { sum += n; return n < 3; });
  }
  printf("%ld %d %ld\n", sum, calls, shared.use_count());
  steps.clear();
  all = nullptr;
  copy = Step();
  printf("%ld\n", shared.use_count());
  try {
    copy(1);
  } catch (const std::bad_function_call &) {
    puts("empty");
  }
  auto recurse = [](auto &self, int n) -> long { return n == 0 ? 1 : n * self(self, n - 1); };
  printf("%ld\n", recurse(recurse, 10));
  long (*plain)(long) = [](long x) { return -x; };
  return static_cast<int>(apply(plain, 2)) + 3;
}
