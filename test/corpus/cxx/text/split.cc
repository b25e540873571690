#include "shared.h"

#include <regex>

std::vector<std::string> split(std::string_view text, const char *pattern) {
  std::regex separator(pattern);
  std::string all(text);
  std::sregex_token_iterator begin(all.begin(), all.end(), separator, -1), end;
  return {begin, end};
}

std::string rewrite(const std::string &text) {
  static const std::regex date("(\\d{4})-(\\d\\d)-(\\d\\d)", std::regex::optimize);
  static const std::regex number("\\b(\\d+)\\b(?! *!)");
  return std::regex_replace(std::regex_replace(text, date, "$3.$2.$1"), number, "<$1>");
}
