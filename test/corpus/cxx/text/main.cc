// std::regex, std::map, std::string and algorithms, passed between modules.
#include "shared.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <variant>

static const char *const poem = "The quick brown fox -- aged 7 -- jumps over 13 lazy dogs; the fox, again, at 2024-05-17!";

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 2;
  Words words;
  std::unordered_map<std::string, std::size_t> lengths;
  std::size_t total = 0;
  for (int round = 0; round < rounds; round++) {
    auto parts = split(poem, "[^A-Za-z0-9]+");
    count(words, parts);
    std::sort(parts.begin(), parts.end(), [](const auto &a, const auto &b) { return a.size() != b.size() ? a.size() < b.size() : a < b; });
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
    for (const auto &part : parts) lengths[part] += part.size();
    total += std::accumulate(parts.begin(), parts.end(), std::string(), [](std::string all, const auto &part) { return std::move(all) + part; }).size();
    total += rewrite(poem).size();
    std::set<std::variant<int, std::string>> mixed{round, "x", round + 1, std::to_string(round)};
    total += mixed.size();
  }
  printf("%s\n%zu %zu\n%s\n", join(words, ' ').c_str(), total, lengths["brown"], rewrite(poem).c_str());
  auto found = words.find(std::string_view("fox"));
  std::optional<int> times = found == words.end() ? std::nullopt : std::optional<int>(found->second);
  try {
    split("x", "(");
  } catch (const std::exception &) {
    puts("bad pattern");
  }
  try {
    std::string("abc").at(5);
  } catch (const std::out_of_range &) {
    puts("out of range");
  }
  return times.value_or(0) % 50;
}
