#include "library.h"

#include <cstdio>

thread_local int libraryCount = 7;
thread_local Logged libraryLogged;
std::once_flag libraryOnce;
static thread_local long hidden[512];

Logged::Logged() { puts("library's begins"); }
Logged::~Logged() { printf("library's ends with %d\n", n); }
int libraryAdd(int n) { return libraryCount += n; }
void libraryFill() {
  std::call_once(libraryOnce, [] { puts("filled by the library"); });
  hidden[libraryCount % 512]++;
}
