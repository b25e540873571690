// Job: what a program registered with pthread_atfork, and the locks of the runtime itself across a fork.
#pragma once

namespace tierlink {

class Engine;

struct ForkHandlers {
  using Handler = void (*)();
  // Any of the three may be null.
  static int add(Engine &engine, Handler prepare, Handler parent, Handler child);
  // Before the handlers' code is unmapped.
  static void forget(Engine &engine);
  // Once for the process.
  static void prepare();
};

} // namespace tierlink
