// Job: the JS thread that callbacks belong to, and the calls of other threads that wait for it.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <unordered_set>
#include <vector>

#include <node_api.h>

#include "callback.h"

namespace tierlink {

class JsChannel;

class CallbackHome {
public:
  // That of this environment, made if need be. Throws PendingJsException or BindingError.
  static std::shared_ptr<CallbackHome> of(napi_env env);
  // Serves the calls that wait for this environment, if it has a home.
  static void serveHere(napi_env env);

  // Whether this is its JS thread.
  bool isHere() const { return pthread_equal(thread_, pthread_self()) != 0; }
  napi_env env() const { return env_; }
  const std::shared_ptr<bool> &isAlive() const { return isAlive_; }

  // Calls from another thread, and waits until JS has answered. No cancellation point.
  Callback::Failure ask(std::shared_ptr<Callback> callback, std::vector<uint64_t> words, uint64_t &result);

  // While there is one, on its JS thread: callbacks that are freed meanwhile stay in memory.
  class Running {
  public:
    explicit Running(CallbackHome &home) : home_(home) { ++home_.running_; }
    ~Running() {
      if (--home_.running_ == 0 && !home_.freed_.empty()) [[unlikely]]
        home_.freed_.clear();
    }
    Running(const Running &) = delete;
    Running &operator=(const Running &) = delete;

  private:
    CallbackHome &home_;
  };

  // On its JS thread: those that are freed when it ends.
  void add(const std::shared_ptr<Callback> &callback);
  void remove(const std::shared_ptr<Callback> &callback);

private:
  // Not on the stack of the thread that waits: a signal handler of the program may leave it by longjmp.
  struct Waiting {
    std::shared_ptr<Callback> callback;
    std::vector<uint64_t> words;
    uint64_t result = 0;
    Callback::Failure failure;
    std::atomic<uint32_t> isDone{0};

    void settle() {
      isDone.store(1, std::memory_order_release);
      isDone.notify_all();
    }
  };

  explicit CallbackHome(napi_env env) : env_(env) {}
  static void onEnd(void *env);
  void serve();
  void end();
  std::shared_ptr<Waiting> next();

  const napi_env env_;
  const pthread_t thread_ = pthread_self();
  const std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);
  std::shared_ptr<JsChannel> channel_;
  std::unordered_set<std::shared_ptr<Callback>> callbacks_;
  uint32_t running_ = 0;
  std::vector<std::shared_ptr<Callback>> freed_;

  std::mutex mutex_; // guards what follows
  std::deque<std::shared_ptr<Waiting>> waiting_;
  bool isEnded_ = false;
};

} // namespace tierlink
