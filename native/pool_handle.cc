#include "pool_handle.h"

#include "binding_support.h"

namespace tierlink {

napi_value toJs(napi_env env, const Failure &failure) {
  napi_value value = object(env);
  setProperty(env, value, "kind", toJs(env, failure.kind));
  setProperty(env, value, "message", toJs(env, std::string_view(failure.message)));
  setProperty(env, value, "symbol", toJs(env, std::string_view(failure.symbol)));
  return value;
}

napi_value toJs(napi_env env, const std::vector<std::string> &strings) {
  napi_value array;
  check(env, napi_create_array_with_length(env, strings.size(), &array), "array");
  for (uint32_t i = 0; i < strings.size(); ++i)
    check(env, napi_set_element(env, array, i, toJs(env, std::string_view(strings[i]))), "element");
  return array;
}

napi_value toJs(napi_env env, const std::vector<LikelyCall> &calls) {
  napi_value array;
  check(env, napi_create_array_with_length(env, calls.size(), &array), "array");
  for (uint32_t i = 0; i < calls.size(); ++i) {
    napi_value call = object(env);
    setProperty(env, call, "name", toJs(env, std::string_view(calls[i].name)));
    setProperty(env, call, "likelihood", toJs(env, calls[i].likelihood));
    check(env, napi_set_element(env, array, i, call), "element");
  }
  return array;
}

napi_value toJs(napi_env env, const Choice &choice) {
  napi_value value = object(env);
  setProperty(env, value, "functions", toJs(env, choice.functions));
  setProperty(env, value, "likely", toJs(env, choice.likely));
  return value;
}

napi_value toJs(napi_env env, const std::vector<unsigned> &positions) {
  napi_value array;
  check(env, napi_create_array_with_length(env, positions.size(), &array), "array");
  for (uint32_t i = 0; i < positions.size(); ++i)
    check(env, napi_set_element(env, array, i, toJs(env, static_cast<double>(positions[i]))), "element");
  return array;
}

napi_value toJs(napi_env env, const CompileOutcome &outcome) {
  napi_value value = object(env);
  if (const auto *compiled = std::get_if<Compiled>(&outcome.result)) {
    setProperty(env, value, "ok", toJs(env, true));
    setProperty(env, value, "object", toJsBytes(env, compiled->object.data(), compiled->object.size()));
    setProperty(env, value, "unfit", toJs(env, compiled->unfit));
    setProperty(env, value, "imported", toJs(env, compiled->imported));
  } else {
    setProperty(env, value, "ok", toJs(env, false));
    setProperty(env, value, "failure", toJs(env, std::get<Failure>(outcome.result)));
  }
  setProperty(env, value, "queuedNs", toJs(env, static_cast<double>(outcome.queuedNs)));
  setProperty(env, value, "compileNs", toJs(env, static_cast<double>(outcome.compileNs)));
  return value;
}

/// One submitted job: lives from submit() until its outcome has been handed to JS.
struct PoolHandle::Pending {
  std::shared_ptr<PoolHandle> owner;
  napi_ref done = nullptr;
  /// Null: nobody wants to know what is chosen.
  napi_ref chosen = nullptr;
  CompileOutcome outcome = {};

  void drop(napi_env env) const {
    napi_delete_reference(env, done);
    if (chosen != nullptr)
      napi_delete_reference(env, chosen);
  }
};

/// What the line carries: a choice, or else the outcome, which comes last and takes the job with it.
struct PoolHandle::Message {
  Pending *pending;
  std::optional<Choice> choice;
};

PoolHandle::PoolHandle(napi_env env, unsigned threads, size_t maxOptimising)
    : env_(env),
      pool_(
          threads, maxOptimising, [this](void *token, Choice choice) { tell(token, std::move(choice)); },
          [this](void *token, CompileOutcome outcome) { send(token, std::move(outcome)); },
          [this] { sendEnd(); }) {
  check(env,
        napi_create_threadsafe_function(env, nullptr, nullptr, toJs(env, "tierlink compile results"), 0, 1,
                                        nullptr, nullptr, this, receive, &line_),
        "thread-safe function");
  // Only pending jobs, and an end that is awaited, keep the event loop alive.
  check(env, napi_unref_threadsafe_function(env, line_), "unref");
  check(env, napi_add_env_cleanup_hook(env, onTeardown, this), "cleanup hook");
}

PoolHandle::~PoolHandle() {
  if (stage_ == Stage::down || stage_ == Stage::ended)
    return;
  stage_ = Stage::down;
  pool_.stop();
  napi_remove_env_cleanup_hook(env_, onTeardown, this);
  napi_release_threadsafe_function(line_, napi_tsfn_release);
}

CompilePool::JobId PoolHandle::submit(CompileJob job, JobPriority priority, napi_value done,
                                      napi_value chosen) {
  if (stage_ != Stage::open)
    throw BindingError("the compiler is destroyed");
  auto pending = std::make_unique<Pending>();
  pending->owner = shared_from_this();
  check(env_, napi_create_reference(env_, done, 1, &pending->done), "callback");
  if (chosen != nullptr)
    check(env_, napi_create_reference(env_, chosen, 1, &pending->chosen), "callback");
  const auto id = pool_.submit(std::move(job), priority, pending.get());
  if (!id) {
    pending->drop(env_);
    throw BindingError("no compile thread can be made");
  }
  (void)pending.release();
  ++pending_;
  hold();
  return *id;
}

CompileOutcome PoolHandle::compileNow(const CompileJob &job) {
  if (stage_ != Stage::open)
    throw BindingError("the compiler is destroyed");
  return pool_.compileHere(job);
}

napi_value PoolHandle::destroy() {
  napi_deferred deferred;
  napi_value promise;
  check(env_, napi_create_promise(env_, &deferred, &promise), "promise");
  if (stage_ == Stage::ended || stage_ == Stage::down) {
    resolve(deferred);
    return promise;
  }
  waiters_.push_back(deferred);
  if (stage_ == Stage::ending)
    return promise;
  stage_ = Stage::ending;
  ending_ = shared_from_this();
  isEndAwaited_ = true;
  hold();
  pool_.stopSoon();
  return promise;
}

/// On a compile thread. Safe because the references of a Pending don't change while its job is queued or
/// runs.
void PoolHandle::tell(void *token, Choice choice) {
  auto *pending = static_cast<Pending *>(token);
  if (pending->chosen != nullptr)
    napi_call_threadsafe_function(line_, new Message{pending, std::move(choice)}, napi_tsfn_nonblocking);
}

/// On a compile thread. Safe because the outcome of a Pending has one user at a time: the thread that took
/// the job, then, through the line's own lock, JS.
void PoolHandle::send(void *token, CompileOutcome outcome) {
  auto *pending = static_cast<Pending *>(token);
  pending->outcome = std::move(outcome);
  // Refused only while Node goes down; then nobody is left to call, and the cell goes with the process.
  napi_call_threadsafe_function(line_, new Message{pending, std::nullopt}, napi_tsfn_nonblocking);
}

/// On the last thread. It arrives behind all outcomes: the line keeps their order.
void PoolHandle::sendEnd() {
  // Safe because this is not awaited from the destructor, and else lives until it has arrived.
  if (isEndAwaited_)
    napi_call_threadsafe_function(line_, nullptr, napi_tsfn_nonblocking);
}

/// On the JS thread, for each message and once for the end; without an environment while Node goes down.
void PoolHandle::receive(napi_env env, napi_value, void *self, void *data) {
  const std::unique_ptr<Message> message(static_cast<Message *>(data));
  if (message == nullptr) {
    if (env != nullptr)
      static_cast<PoolHandle *>(self)->end();
    return;
  }
  if (message->choice) {
    if (env != nullptr)
      message->pending->owner->call(message->pending->chosen, [&] { return toJs(env, *message->choice); });
    return;
  }
  const std::unique_ptr<Pending> pending(message->pending);
  if (env != nullptr)
    pending->owner->receiveOutcome(*pending);
}

void PoolHandle::receiveOutcome(const Pending &pending) {
  --pending_;
  hold();
  call(pending.done, [&] { return toJs(env_, pending.outcome); });
  pending.drop(env_);
}

void PoolHandle::call(napi_ref callback, const std::function<napi_value()> &argument) {
  napi_value function = nullptr;
  napi_value receiver = nullptr;
  if (napi_get_reference_value(env_, callback, &function) != napi_ok ||
      napi_get_undefined(env_, &receiver) != napi_ok)
    return;
  try {
    napi_value value = argument();
    // What the callback throws stays pending: Node reports it as an uncaught exception.
    napi_call_function(env_, receiver, function, 1, &value, nullptr);
  } catch (const PendingJsException &) {
  } catch (const std::exception &error) {
    napi_throw_error(env_, nullptr, error.what());
  }
}

void PoolHandle::end() {
  if (stage_ != Stage::ending)
    return;
  const std::shared_ptr<PoolHandle> self = std::move(ending_);
  pool_.stop(); // They have sent their last, so joining them takes no time.
  stage_ = Stage::ended;
  hold();
  napi_remove_env_cleanup_hook(env_, onTeardown, this);
  napi_release_threadsafe_function(line_, napi_tsfn_release);
  for (napi_deferred waiter : waiters_)
    resolve(waiter);
  waiters_.clear();
}

/// Keeps the event loop alive while something is awaited.
void PoolHandle::hold() {
  const bool wanted = pending_ > 0 || stage_ == Stage::ending;
  if (wanted == isHeld_)
    return;
  isHeld_ = wanted;
  if (wanted)
    napi_ref_threadsafe_function(env_, line_);
  else
    napi_unref_threadsafe_function(env_, line_);
}

void PoolHandle::resolve(napi_deferred deferred) {
  napi_value nothing = nullptr;
  if (napi_get_undefined(env_, &nothing) == napi_ok)
    napi_resolve_deferred(env_, deferred, nothing);
}

/// Threads must not outlive the environment they report to.
void PoolHandle::onTeardown(void *self) {
  auto *handle = static_cast<PoolHandle *>(self);
  handle->stage_ = Stage::down;
  handle->pool_.stop();
  handle->ending_.reset(); // may be the last that refers to it
}

} // namespace tierlink
