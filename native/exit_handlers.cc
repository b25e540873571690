// Job: keeps and runs exit handlers, from any thread.
#include "exit_handlers.h"

#include <algorithm>
#include <iterator>

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
    call(handler, status);
  }
}

void ExitHandlers::call(const Handler &handler, int status) {
  if (handler.plain != nullptr)
    handler.plain();
  else if (handler.withArgument != nullptr)
    handler.withArgument(handler.argument);
  else if (handler.withStatus != nullptr)
    handler.withStatus(status, handler.argument);
}

bool ExitHandlers::Handler::liesIn(const std::vector<Range> &ranges) const {
  const auto lies = [&](const void *pointer) {
    const auto address = reinterpret_cast<uint64_t>(pointer);
    return std::ranges::any_of(
        ranges, [&](const Range &range) { return address >= range.start && address < range.end; });
  };
  return lies(reinterpret_cast<const void *>(plain)) || lies(reinterpret_cast<const void *>(withArgument)) ||
         lies(reinterpret_cast<const void *>(withStatus)) || lies(argument);
}

void ExitHandlers::removeWithin(const std::vector<Range> &ranges) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(handlers_, [&](const Handler &handler) { return handler.liesIn(ranges); });
}

void ExitHandlers::runWithin(const std::vector<Range> &ranges) {
  for (;;) {
    Handler handler;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const auto last = std::find_if(handlers_.rbegin(), handlers_.rend(),
                                     [&](const Handler &known) { return known.liesIn(ranges); });
      if (last == handlers_.rend())
        return;
      handler = *last;
      handlers_.erase(std::next(last).base());
    }
    call(handler, 0);
  }
}

} // namespace tierlink
