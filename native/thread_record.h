// Job: what is known of a thread that runs compiled code: where it is inside, its thread-locals, its timer.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <vector>

#include "exceptions_in_flight.h"
#include "handle_group.h"
#include "trap.h"

namespace tierlink {

struct JumpFrame;
struct LazyFailure;

class Engine;
class LazyCalls;
class Run;
class SampleRing;
class StackScan;

// How deep one thread is inside one engine. Written by its thread only, read by any.
struct Mutator {
  std::atomic<Engine *> engine{nullptr}; // null: the engine is gone, the entry is free
  std::atomic<uint32_t> depth{0};
};

struct ThreadRecord {
  enum class Kind : uint8_t {
    Foreign, // a JS thread, or one the process made: inside only while a call lasts
    Main,    // runs a program's main
    Async,   // in an asynchronous call
    Program, // made by the program
  };

  struct Destructor {
    Engine *engine;
    void (*function)(void *);
    void *argument;
  };

  // This thread's record, made if need be.
  static ThreadRecord &here() { return self != nullptr ? *self : make(); }
  // This thread's record or null; async-signal-safe.
  static ThreadRecord *find() { return self; }

  // Makes this thread one that belongs to `owner` until it ends or is released: inside all the time, sampled,
  // and `onEnded` called once nothing of the engine can run on it any more (`parked`: it never ends, but will
  // run nothing more).
  void adopt(Kind as, std::shared_ptr<Engine> owner, std::shared_ptr<Run> of,
             std::function<void(bool parked)> onEnded);

  // Ends that: the thread goes on, without anything that it had of the engine. This thread only, and not in
  // compiled code.
  void release();

  // The counter of this thread for that engine. This thread only.
  Mutator &mutatorFor(Engine &engine) {
    if (last != nullptr && last->engine.load(std::memory_order_relaxed) == &engine)
      return *last;
    return findMutator(engine);
  }

  // __cxa_thread_atexit, and the call of what it registered for an engine, last first. This thread only.
  void addDestructor(Engine &engine, void (*function)(void *), void *argument);
  void runDestructors(Engine &engine);
  // Reports the end and stops this thread for ever, as nothing may return into a program that has exited.
  [[noreturn]] void park();

  // The assembler file knows where these five are.
  Engine *current = nullptr; // whose code was entered last
  // Where compiled code was entered last, if it can be left from there; null in the meantime.
  JumpFrame *boundary = nullptr;
  const void *entered = nullptr; // the code that was called there
  // What compiled code could come to that runs JS on this thread: callbacks, and inline control. While there
  // is any of it, who can come to it does not take the fast road; and while there is inline control, which
  // any function comes to that calls one that isn't compiled, nobody does. This thread only.
  uint32_t runsJs = 0;
  uint32_t inlineControls = 0;

  // Whose code it may come to at any time without being counted as inside: of a thread that a library made.
  // Under the threads lock.
  const Engine *visits = nullptr;

  Kind kind = Kind::Foreign;
  std::shared_ptr<Engine> owner;
  std::shared_ptr<Run> run;

  // Blocks of registered thread-local images by image number; grown and freed under the threads lock.
  void **tlsBlocks = nullptr;
  uint32_t tlsCount = 0;

  // Guarded by the threads lock, but for `samples`, which this thread's signal handler reads.
  timer_t timer{};
  bool timerSet = false;
  bool cpuTimeTaken = false;    // what it took since it was adopted is among what has ended
  uint64_t cpuTimeBeforeNs = 0; // when it was adopted
  std::atomic<SampleRing *> samples{nullptr};

  // The scan that wants this thread's answer; taken by its signal handler, or back by the scan.
  std::atomic<StackScan *> scan{nullptr};
  // Where it waits for a function to be compiled, if it does.
  std::atomic<const LazyCalls *> waitsFor{nullptr};
  // Why it was left at its boundary: the latest trap, or, if there is one, a failure that could not be
  // thrown.
  Trap trap{};
  std::shared_ptr<const LazyFailure> left;
  // Those of the frames below JS, from which compiled code is entered.
  ExceptionsInFlight exceptions;
  HandleGroup handles;             // of callbacks, since compiled code was entered last
  napi_env callbacksEnv = nullptr; // what these callbacks belong to
  bool canTrap = false;
  void *signalStack = nullptr;

  // The stack that the thread began on, in bytes; both 0 if the system doesn't say.
  uintptr_t stackLow = 0;
  uintptr_t stackHigh = 0;

  // Under the threads lock, after Threads::barrier.
  bool isInside(const Engine &engine) const;
  bool mayRun(const Engine &engine) const { return visits == &engine || isInside(engine); }
  // How deep it is inside engines, all together. This thread only.
  uint32_t depth() const;
  // Calls `each` for the engines that it is inside. This thread only.
  template <class Each> void forEachInside(Each each) const {
    for (const auto &mutator : mutators) {
      Engine *engine = mutator->engine.load(std::memory_order_relaxed);
      if (engine != nullptr && mutator->depth.load(std::memory_order_relaxed) > 0)
        each(*engine);
    }
  }

  const pthread_t thread = pthread_self();
  const pid_t tid;
  std::vector<std::unique_ptr<Mutator>> mutators; // grown under the threads lock
  std::vector<Destructor> destructors;            // changed under the threads lock

private:
  ThreadRecord();
  static ThreadRecord &make();
  static void onThreadEnd(void *record);
  void finish();
  void leaveAll();
  Mutator &findMutator(Engine &engine);

  // Initial-exec: reading it must not allocate, as compiled code may do so in a signal handler.
  static constinit thread_local ThreadRecord *self
      __attribute__((tls_model("initial-exec"), visibility("hidden")));

  Mutator *last = nullptr;
  std::function<void(bool parked)> ended;
  int endRounds = 0;
};

// The list of all records and the lock that guards it.
struct Threads {
  static std::mutex &lock();
  static std::vector<ThreadRecord *> &all();
  // After it a thread either shows that it is inside, or will load what was stored to slots before.
  static void barrier();
  // Threads inside `engine` now.
  static uint32_t inside(Engine &engine);
  // Whether another thread that is none of a program's, so one of JS, is inside any engine now.
  static bool otherCallersInside();
  // Frees what the records keep for an engine that is closed.
  static void forget(Engine &engine);
  // Threads of libraries don't know it any more.
  static void endVisits(const Engine &engine);
  // Entries must fence themselves, as there is no barrier.
  static inline bool entriesFence = true;
  // True in a child made by fork, where none of the other threads exist.
  static bool inForkedChild();
  // Once, before anything else of this file.
  static void prepare();
};

} // namespace tierlink
