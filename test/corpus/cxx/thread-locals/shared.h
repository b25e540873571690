#pragma once
#include <string>
#include <vector>

struct Traced {
  explicit Traced(const char *name);
  ~Traced();
  std::string name;
  int uses = 0;
};
extern thread_local Traced first;
extern thread_local int plain;
thread_local inline std::vector<int> everywhere{1, 2, 3};
void say(const std::string &);
int touch(int times);
Traced &second();
