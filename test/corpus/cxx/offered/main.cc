// Bodies that a module offers for inlining (extern template), which nothing else defines, and those of libstdc++.
#include "box.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  Box<int> box;
  std::int64_t sum = 0;
  std::string text;
  for (int round = 0; round < rounds; round++) {
    box.add(round % 7);
    sum += box.twice() + other(round);
    text += "abc";
    text.insert(text.size() / 2, std::to_string(round));
    if (text.size() > 200) text.erase(10, 150);
  }
  std::stringstream stream;
  stream << sum << ' ' << text.substr(0, 20);
  printf("%d %s\n", box.value, stream.str().c_str());
  return 4;
}
