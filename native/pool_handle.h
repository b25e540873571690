// What one JS environment holds of a compile pool: the pool, and the line by which results come to the JS
// thread.
#pragma once

#include "compile_pool.h"

#include <atomic>
#include <memory>
#include <node_api.h>
#include <vector>

namespace tierlink {

napi_value toJs(napi_env env, const Failure &failure);
napi_value toJs(napi_env env, const CompileOutcome &outcome);

/// All members but the pool's own are touched on the JS thread only.
class PoolHandle : public std::enable_shared_from_this<PoolHandle> {
public:
  static constexpr napi_type_tag typeTag{0x8d2f6a0c51b74e93, 0xa6c4e01f7b3d5928};

  PoolHandle(napi_env env, unsigned threads, size_t maxOptimising);
  /// Runs when JS has dropped the handle (pending jobs and an end that is awaited hold it too) or Node goes
  /// down.
  ~PoolHandle();
  PoolHandle(const PoolHandle &) = delete;
  PoolHandle &operator=(const PoolHandle &) = delete;

  /// `done` is called with the outcome; `chosen`, unless it is null, with what the job has chosen before.
  CompilePool::JobId submit(CompileJob job, JobPriority priority, napi_value done, napi_value chosen);
  CompileOutcome compileNow(const CompileJob &job);
  /// Drops what is kept of this bitcode.
  void forget(const SharedBitcode &bitcode) { pool_.forget(bitcode); }
  bool cancel(CompilePool::JobId id) { return pool_.cancel(id); }
  bool move(CompilePool::JobId id, JobPriority priority) { return pool_.move(id, priority); }
  /// Jobs without an outcome.
  size_t pending() const { return pending_; }

  /// A promise that settles when the threads have ended.
  napi_value destroy();

private:
  /// `ending`: threads end. `ended`: they have, and the line is given up. `down`: the environment goes.
  enum class Stage { open, ending, ended, down };
  struct Pending;
  struct Message;

  void tell(void *token, Choice choice);
  void send(void *token, CompileOutcome outcome);
  void sendEnd();
  static void receive(napi_env env, napi_value, void *self, void *data);
  void receiveOutcome(const Pending &pending);
  void call(napi_ref callback, const std::function<napi_value()> &argument);
  void end();
  void hold();
  void resolve(napi_deferred deferred);
  static void onTeardown(void *self);

  napi_env env_;
  napi_threadsafe_function line_ = nullptr;
  CompilePool pool_;
  size_t pending_ = 0;
  bool isHeld_ = false;
  Stage stage_ = Stage::open;
  /// Read on the last thread: whether anybody is told of the end.
  std::atomic<bool> isEndAwaited_{false};
  std::vector<napi_deferred> waiters_;
  /// Itself, while its end is under way.
  std::shared_ptr<PoolHandle> ending_;
};

} // namespace tierlink
