// Job: one home for each environment, from its first callback to its end.
#include "callback_home.h"

#include <map>

#include "binding_support.h"
#include "js_channel.h"
#include "js_scope.h"
#include "thread_record.h"

namespace tierlink {
namespace {

struct Homes {
  std::mutex mutex;
  std::map<napi_env, std::shared_ptr<CallbackHome>> all;

  static Homes &one() {
    static auto *homes = new Homes;
    return *homes;
  }
};

std::shared_ptr<CallbackHome> homeOf(napi_env env) {
  Homes &homes = Homes::one();
  std::lock_guard<std::mutex> lock(homes.mutex);
  const auto found = homes.all.find(env);
  return found == homes.all.end() ? nullptr : found->second;
}

} // namespace

std::shared_ptr<CallbackHome> CallbackHome::of(napi_env env) {
  if (auto home = homeOf(env))
    return home;
  std::shared_ptr<CallbackHome> home(new CallbackHome(env));
  home->channel_ =
      JsChannel::open(env, nullptr, "tierlink callbacks", [home = std::weak_ptr(home)](napi_env, napi_value) {
        if (const auto here = home.lock())
          here->serve();
      });
  if (home->channel_ == nullptr)
    throw PendingJsException();
  // What calls back has its own reasons to keep the event loop alive.
  home->channel_->keepAlive(env, false);
  check(env, napi_add_env_cleanup_hook(env, onEnd, env), "cleanup hook");
  Homes &homes = Homes::one();
  std::lock_guard<std::mutex> lock(homes.mutex);
  homes.all[env] = home;
  return home;
}

void CallbackHome::serveHere(napi_env env) {
  if (const auto home = homeOf(env))
    home->serve();
}

Callback::Failure CallbackHome::ask(std::shared_ptr<Callback> callback, std::vector<uint64_t> words,
                                    uint64_t &result) {
  auto call = std::make_shared<Waiting>();
  call->callback = std::move(callback);
  call->words = std::move(words);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (isEnded_)
      return call->callback->failure("its thread of JS has ended");
    waiting_.push_back(call);
  }
  channel_->send();
  call->isDone.wait(0, std::memory_order_acquire);
  result = call->result;
  return std::move(call->failure);
}

void CallbackHome::add(const std::shared_ptr<Callback> &callback) {
  if (callbacks_.insert(callback).second)
    ++ThreadRecord::here().runsJs;
}

void CallbackHome::remove(const std::shared_ptr<Callback> &callback) {
  if (callbacks_.erase(callback) == 0)
    return;
  --ThreadRecord::here().runsJs;
  if (running_ > 0)
    freed_.push_back(callback);
}

std::shared_ptr<CallbackHome::Waiting> CallbackHome::next() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.empty())
    return nullptr;
  auto call = std::move(waiting_.front());
  waiting_.pop_front();
  return call;
}

void CallbackHome::serve() {
  while (const auto call = next()) {
    call->failure = call->callback->invoke(call->words, call->result);
    call->settle();
  }
}

void CallbackHome::onEnd(void *data) {
  std::shared_ptr<CallbackHome> home;
  Homes &homes = Homes::one();
  {
    std::lock_guard<std::mutex> lock(homes.mutex);
    const auto found = homes.all.find(static_cast<napi_env>(data));
    if (found == homes.all.end())
      return;
    home = std::move(found->second);
    homes.all.erase(found);
  }
  home->end();
}

void CallbackHome::end() {
  *isAlive_ = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isEnded_ = true;
  }
  while (const auto call = next()) {
    call->failure = call->callback->failure("its thread of JS has ended");
    call->settle();
  }
  while (!callbacks_.empty())
    std::shared_ptr(*callbacks_.begin())->free();
  channel_->close();
}

} // namespace tierlink
