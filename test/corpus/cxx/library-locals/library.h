#pragma once
#include <mutex>

struct Logged {
  Logged();
  ~Logged();
  int n = 100;
};
extern thread_local int libraryCount;
extern thread_local Logged libraryLogged;
extern std::once_flag libraryOnce;
int libraryAdd(int);
void libraryFill();
