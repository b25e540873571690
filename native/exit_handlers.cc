// Job: keeps and runs exit handlers, from any thread.
#include "exit_handlers.h"

namespace tierlink {

void ExitHandlers::add(Plain function) { push({.plain = function}); }

void ExitHandlers::add(WithArgument function, void *argument) {
  push({.withArgument = function, .argument = argument});
}

void ExitHandlers::add(WithStatus function, void *argument) {
  push({.withStatus = function, .argument = argument});
}

void ExitHandlers::push(const Handler &handler) {
  std::lock_guard<std::mutex> lock(mutex_);
  handlers_.push_back(handler);
}

void ExitHandlers::run(int status) {
  for (;;) {
    Handler handler;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (handlers_.empty())
        return;
      handler = handlers_.back();
      handlers_.pop_back();
    }
    if (handler.plain != nullptr)
      handler.plain();
    else if (handler.withArgument != nullptr)
      handler.withArgument(handler.argument);
    else if (handler.withStatus != nullptr)
      handler.withStatus(status, handler.argument);
  }
}

} // namespace tierlink
