#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>
class Pool {
public:
  explicit Pool(int threads);
  ~Pool();
  std::future<long> submit(std::function<long()>);

private:
  void work();
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::packaged_task<long()>> tasks;
  std::vector<std::thread> threads;
  bool stopping = false;
};
long fibonacci(int);
