#include "shared.h"

#include <algorithm>
#include <cctype>

void count(Words &words, const std::vector<std::string> &parts) {
  for (std::string part : parts) {
    std::transform(part.begin(), part.end(), part.begin(), [](unsigned char c) { return std::tolower(c); });
    words[part]++;
  }
}

std::string join(const Words &words, char separator) {
  std::string all;
  for (const auto &[word, times] : words) {
    if (!all.empty()) all += separator;
    all.append(word).append("=").append(std::to_string(times));
  }
  return all;
}
