// Job: starts of threads that belong to somebody from before their own function until after it.
#pragma once

#include <memory>
#include <pthread.h>
#include <thread>
#include <threads.h>
#include <utility>

namespace tierlink {

// The original of std::thread's own start.
void startStdThread(std::thread *thread, std::unique_ptr<std::thread::_State> *state, void (*depend)());

// `Membership` goes over to the new thread, where `adopt()` is called before its function, and `end()`, which
// is static, after it; where no thread comes to be it is just dropped.
template <class Membership> class ThreadStarts {
public:
  static int posix(Membership membership, pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*body)(void *), void *argument) {
    auto *start = new Start<PosixBody>{std::move(membership), body, argument};
    const int error = pthread_create(thread, attributes, posixMain, start);
    if (error != 0)
      delete start;
    return error;
  }

  static int c11(Membership membership, thrd_t *thread, thrd_start_t body, void *argument) {
    auto *start = new Start<thrd_start_t>{std::move(membership), body, argument};
    const int error = thrd_create(thread, c11Main, start);
    if (error != thrd_success)
      delete start;
    return error;
  }

  // std::thread's start is inside libstdc++, which calls libc's pthread_create: so the state is wrapped
  // instead.
  static void cxx(Membership membership, std::thread *thread, std::unique_ptr<std::thread::_State> *state,
                  void (*depend)()) {
    *state = std::make_unique<WrappedState>(std::move(membership), std::move(*state));
    startStdThread(thread, state, depend);
  }

private:
  using PosixBody = void *(*)(void *);

  template <class Body> struct Start {
    Membership membership;
    Body body;
    void *argument;
  };

  struct WrappedState final : std::thread::_State {
    WrappedState(Membership of, std::unique_ptr<_State> state)
        : membership(std::move(of)), inner(std::move(state)) {}

    void _M_run() override {
      membership.adopt();
      inner->_M_run();
      inner.reset();
      Membership::end();
    }

    Membership membership;
    std::unique_ptr<_State> inner;
  };

  // No object with a destructor lives across the call of body in these: pthread_exit may pass without
  // unwinding.
  template <class Body> static Body takeOver(Start<Body> *start, void **argument) {
    start->membership.adopt();
    const Body body = start->body;
    *argument = start->argument;
    delete start;
    return body;
  }

  static void *posixMain(void *data) {
    void *argument;
    const auto body = takeOver(static_cast<Start<PosixBody> *>(data), &argument);
    void *result = body(argument);
    Membership::end();
    return result;
  }

  static int c11Main(void *data) {
    void *argument;
    const auto body = takeOver(static_cast<Start<thrd_start_t> *>(data), &argument);
    const int result = body(argument);
    Membership::end();
    return result;
  }
};

} // namespace tierlink
