#pragma once
#include <atomic>
#include <string>

inline std::atomic<int> made{0};
struct Single {
  Single() : number(++made) {}
  int number;
};
// One object for all modules, made once, however many threads come first.
inline Single &single() {
  static Single one;
  return one;
}
inline int next() {
  static int n = 0;
  return ++n;
}
template <class T> T &slot() {
  static T value{};
  return value;
}
template <class T> struct Registry {
  static inline int count = 0;
  static int add() { return ++count; }
  static T last;
};
template <class T> T Registry<T>::last{};
inline const std::string greeting = "hello from " + std::to_string(40 + 2);
inline int initialised = next() * 100;
Single *fromA();
Single *fromB();
int useA(int);
int useB(int);
const void *whereA();
const void *whereB();
int (*pointerA())();
int (*pointerB())();
