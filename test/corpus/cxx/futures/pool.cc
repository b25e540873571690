#include "shared.h"

Pool::Pool(int count) {
  for (int i = 0; i < count; i++) threads.emplace_back(&Pool::work, this);
}

Pool::~Pool() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  for (auto &thread : threads) thread.join();
}

std::future<long> Pool::submit(std::function<long()> task) {
  std::packaged_task<long()> packaged(std::move(task));
  auto future = packaged.get_future();
  {
    std::lock_guard lock(mutex);
    tasks.push_back(std::move(packaged));
  }
  changed.notify_one();
  return future;
}

void Pool::work() {
  for (;;) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return stopping || !tasks.empty(); });
    if (tasks.empty()) return;
    auto task = std::move(tasks.front());
    tasks.pop_front();
    lock.unlock();
    task();
  }
}

long fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
