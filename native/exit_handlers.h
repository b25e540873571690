// Job: the functions a program registered to be called when it ends.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace tierlink {

class ExitHandlers {
public:
  using Plain = void (*)();                 // atexit, at_quick_exit
  using WithArgument = void (*)(void *);    // __cxa_atexit
  using WithStatus = void (*)(int, void *); // on_exit

  void add(Plain function);
  void add(WithArgument function, void *argument);
  void add(WithStatus function, void *argument);

  // Calls them last first, those registered meanwhile included. A handler that calls exit starts this again
  // for what is left; as each is taken off before it is called, that ends.
  void run(int status);

  // Takes off and calls, last first, those whose function or argument lies in one of the ranges.
  struct Range {
    uint64_t start;
    uint64_t end;
  };
  void runWithin(const std::vector<Range> &ranges);
  // Takes them off without calling them.
  void removeWithin(const std::vector<Range> &ranges);

private:
  struct Handler {
    Plain plain = nullptr;
    WithArgument withArgument = nullptr;
    WithStatus withStatus = nullptr;
    void *argument = nullptr;
    bool liesIn(const std::vector<Range> &ranges) const;
  };

  static void call(const Handler &handler, int status);
  void push(const Handler &handler);

  std::mutex mutex_; // guards handlers_; never held while a handler runs
  std::vector<Handler> handlers_;
};

} // namespace tierlink
