#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>
using Words = std::map<std::string, int, std::less<>>;
std::vector<std::string> split(std::string_view, const char *pattern);
void count(Words &, const std::vector<std::string> &);
std::string join(const Words &, char);
std::string rewrite(const std::string &);
