// Job: a JS value that was thrown in the middle of compiled code, kept until JS gets it back.
#pragma once

#include <memory>
#include <string>

#include <node_api.h>
#include <pthread.h>

namespace tierlink {

// Compiled code may keep it for as long as it likes, and on any thread.
class JsThrown {
public:
  // Null if Node refuses. `isAlive`: whether the environment is there still.
  static std::shared_ptr<const JsThrown> keep(napi_env env, napi_value value, std::shared_ptr<bool> isAlive);
  ~JsThrown();
  JsThrown(const JsThrown &) = delete;
  JsThrown &operator=(const JsThrown &) = delete;

  // The value; null on another thread or in another environment.
  napi_value value(napi_env env) const;

private:
  JsThrown(napi_env env, napi_ref holder, std::shared_ptr<bool> isAlive)
      : env_(env), holder_(holder), isAlive_(std::move(isAlive)) {}
  bool isHere() const { return pthread_equal(thread_, pthread_self()) != 0 && *isAlive_; }

  const napi_env env_;
  const napi_ref holder_; // an object, as only those can be referred to
  const pthread_t thread_ = pthread_self();
  const std::shared_ptr<bool> isAlive_; // read on that thread only
};

// A pending exception that was taken.
struct TakenJs {
  std::string code; // its property of that name; empty if it has none
  std::string message;
  std::shared_ptr<const JsThrown> thrown; // null: nothing was pending, as the environment is ending
};
TakenJs takeThrown(napi_env env, const std::shared_ptr<bool> &isAlive);

} // namespace tierlink
