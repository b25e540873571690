#pragma once
#include <coroutine>
#include <exception>
#include <utility>
template <class T> struct Generator {
  struct promise_type {
    Generator get_return_object() { return Generator(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(T value) {
      current = std::move(value);
      return {};
    }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
    T current{};
    std::exception_ptr error;
  };
  explicit Generator(std::coroutine_handle<promise_type> handle) : handle(handle) {}
  Generator(Generator &&other) : handle(std::exchange(other.handle, {})) {}
  ~Generator() {
    if (handle) handle.destroy();
  }
  bool next() {
    handle.resume();
    if (handle.promise().error) std::rethrow_exception(handle.promise().error);
    return !handle.done();
  }
  const T &value() const { return handle.promise().current; }
  std::coroutine_handle<promise_type> handle;
};
// Awaiting one goes on in it at once, by a tail call.
struct Task {
  struct promise_type {
    Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().waiting ? self.promise().waiting : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(long n) { result = n; }
    void unhandled_exception() { throw; }
    std::coroutine_handle<> waiting;
    long result = 0;
  };
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> who) {
    handle.promise().waiting = who;
    return handle;
  }
  long await_resume() {
    long result = handle.promise().result;
    handle.destroy();
    return result;
  }
  std::coroutine_handle<promise_type> handle;
};
Generator<long> squares(int);
Generator<int> failing(int);
Task deep(int);
extern int destroyed;
