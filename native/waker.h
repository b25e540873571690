// Job: the thread that turns a readable eventfd into a call on the JS thread.
#pragma once

#include <atomic>
#include <memory>
#include <pthread.h>

#include "js_channel.h"

namespace tierlink {

class Waker {
public:
  // `eventFd` must outlive the waker. Null if the thread could not be made.
  static std::unique_ptr<Waker> start(int eventFd, std::shared_ptr<JsChannel> channel);
  // Stops the thread and closes the channel; never waits for JS or for compiled code.
  ~Waker();
  Waker(const Waker &) = delete;
  Waker &operator=(const Waker &) = delete;

  JsChannel &channel() { return *channel_; }

private:
  Waker(int eventFd, std::shared_ptr<JsChannel> channel) : eventFd_(eventFd), channel_(std::move(channel)) {}
  static void *main(void *self);

  const int eventFd_;
  const std::shared_ptr<JsChannel> channel_;
  std::atomic<bool> stopping_{false};
  pthread_t thread_{};
};

} // namespace tierlink
