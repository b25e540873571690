// Job: one run of a program's main on a thread of its own, and the ways in which it can end.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "trampoline.h"

namespace tierlink {

class Engine;
struct ThreadRecord;

// A program ends when main returns, when any of its threads calls exit, or, after pthread_exit in main, with
// its last thread; the first of these wins. Exit handlers run on the thread that ended it. Threads left over
// go on; if one of them calls exit later, it is parked for ever, as natively it would be gone.
class Run : public std::enable_shared_from_this<Run> {
public:
  struct Outcome {
    bool exited = false; // else main returned
    int status = 0;      // 0 to 255
  };
  using Report = std::function<void(const Outcome &)>; // called once, on any thread

  // Calls main(argc, argv, environ) through the slot. Null if there can be no thread.
  static std::shared_ptr<Run> start(const std::shared_ptr<Engine> &engine, const void *slot,
                                    std::vector<std::string> arguments, Report report, std::string &failure);

  // What exit() does on a thread of this program.
  [[noreturn]] void exit(ThreadRecord &thread, int status);
  // Called by main's thread as the last thing in which compiled code may run.
  void mainEnding(ThreadRecord &thread);
  // True once the exit handlers have run.
  bool over();
  // Another thread of the program is about to start; it has ended, or could not be made.
  void threadAdded();
  void threadRemoved();

  // Ends a forked child as a native exit does: there is no JS thread in it to tell.
  [[noreturn]] static void exitForkedChild(Engine &engine, ThreadRecord &thread, int status);

private:
  static void *threadMain(void *self);
  static void callMain(void *self);
  static void runHandlers(void *self);
  bool claim(ThreadRecord &thread, Outcome outcome);
  void finish(ThreadRecord &thread);
  void reportOnce();

  std::shared_ptr<Engine> engine_;
  std::shared_ptr<Run> starting_; // this, until its thread has taken it over
  const void *slot_ = nullptr;
  int argc_ = 0;
  char **argv_ = nullptr;
  Report report_;
  std::atomic<bool> reported_{false};
  JumpFrame frame_;

  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  ThreadRecord *ending_ = nullptr; // runs the exit handlers
  bool finished_ = false;          // they have run
  Outcome outcome_;
  size_t threads_ = 0; // others than main's
};

} // namespace tierlink
