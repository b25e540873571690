// Converts arguments and results of ingest and of the compile pool, nothing else.
#include "binding_support.h"
#include "compile_pool.h"
#include "load_llvm.h"

namespace tierlink {
namespace {

using tierlink::toJs;

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

napi_value toJs(napi_env env, const CompileOutcome &outcome) {
  napi_value value = object(env);
  if (const auto *compiled = std::get_if<Compiled>(&outcome.result)) {
    setProperty(env, value, "ok", toJs(env, true));
    setProperty(env, value, "object", toJsBytes(env, compiled->object.data(), compiled->object.size()));
    setProperty(env, value, "functions", toJs(env, compiled->functions));
    setProperty(env, value, "likely", toJs(env, compiled->likely));
  } else {
    setProperty(env, value, "ok", toJs(env, false));
    setProperty(env, value, "failure", toJs(env, std::get<Failure>(outcome.result)));
  }
  setProperty(env, value, "queuedNs", toJs(env, static_cast<double>(outcome.queuedNs)));
  setProperty(env, value, "compileNs", toJs(env, static_cast<double>(outcome.compileNs)));
  return value;
}

/// A pool and its line to the JS thread. All members but the pool's own are touched on the JS thread only.
class Compiler : public std::enable_shared_from_this<Compiler> {
public:
  static constexpr napi_type_tag typeTag{0x8d2f6a0c51b74e93, 0xa6c4e01f7b3d5928};

  Compiler(napi_env env, unsigned threads)
      : env_(env),
        pool_(threads, [this](void *token, CompileOutcome outcome) { send(token, std::move(outcome)); }) {
    napi_value name = tierlink::toJs(env, "tierlink compile results");
    check(env,
          napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, receive,
                                          &line_),
          "thread-safe function");
    // Only pending jobs keep the event loop alive.
    check(env, napi_unref_threadsafe_function(env, line_), "unref");
    check(env, napi_add_env_cleanup_hook(env, onTeardown, this), "cleanup hook");
  }

  /// Runs when JS has dropped the handle (pending jobs hold it too) or Node goes down.
  ~Compiler() { destroy(); }

  Compiler(const Compiler &) = delete;
  Compiler &operator=(const Compiler &) = delete;

  void submit(CompileJob job, napi_value done) {
    auto pending = std::make_unique<Pending>();
    pending->owner = shared_from_this();
    check(env_, napi_create_reference(env_, done, 1, &pending->done), "callback");
    if (!pool_.submit(std::move(job), pending.get())) {
      napi_delete_reference(env_, pending->done);
      throw BindingError("the compiler is destroyed");
    }
    (void)pending.release();
    if (pending_++ == 0)
      napi_ref_threadsafe_function(env_, line_);
  }

  void forget(const SharedBitcode &bitcode) {
    if (!isDestroyed_)
      pool_.forget(bitcode);
  }

  double pending() const { return static_cast<double>(pending_); }

  void destroy() {
    if (isDestroyed_)
      return;
    isDestroyed_ = true;
    pool_.stop();
    napi_remove_env_cleanup_hook(env_, onTeardown, this);
    // What is in the line already still arrives: releasing only says that no more will be sent.
    napi_release_threadsafe_function(line_, napi_tsfn_release);
  }

private:
  /// One submitted job: lives from submit() until its outcome has been handed to JS.
  struct Pending {
    std::shared_ptr<Compiler> owner;
    napi_ref done = nullptr;
    CompileOutcome outcome = {};
  };

  /// On a compile thread. Safe because a Pending has one user at a time: JS until the job is queued, then the
  /// thread that took it, then, through the line's own lock, JS again.
  void send(void *token, CompileOutcome outcome) {
    auto *pending = static_cast<Pending *>(token);
    pending->outcome = std::move(outcome);
    // Refused only while Node goes down; then nobody is left to call, and the cell goes with the process.
    napi_call_threadsafe_function(line_, pending, napi_tsfn_nonblocking);
  }

  /// On the JS thread, once for each job; without an environment while Node goes down.
  static void receive(napi_env env, napi_value, void *, void *data) {
    std::unique_ptr<Pending> pending(static_cast<Pending *>(data));
    if (env == nullptr)
      return;
    Compiler &self = *pending->owner;
    if (--self.pending_ == 0 && !self.isDestroyed_)
      napi_unref_threadsafe_function(env, self.line_);
    napi_value done = nullptr;
    napi_value receiver = nullptr;
    bool found = napi_get_reference_value(env, pending->done, &done) == napi_ok;
    napi_delete_reference(env, pending->done);
    if (!found || napi_get_undefined(env, &receiver) != napi_ok)
      return;
    try {
      napi_value outcome = toJs(env, pending->outcome);
      // What the callback throws stays pending: Node reports it as an uncaught exception.
      napi_call_function(env, receiver, done, 1, &outcome, nullptr);
    } catch (const PendingJsException &) {
    } catch (const std::exception &error) {
      napi_throw_error(env, nullptr, error.what());
    }
  }

  /// Threads must not outlive the environment they report to.
  static void onTeardown(void *self) { static_cast<Compiler *>(self)->stopForTeardown(); }

  void stopForTeardown() {
    if (isDestroyed_)
      return;
    isDestroyed_ = true;
    pool_.stop();
  }

  napi_env env_;
  napi_threadsafe_function line_ = nullptr;
  CompilePool pool_;
  size_t pending_ = 0;
  bool isDestroyed_ = false;
};

/// Bitcode that jobs refer to by a handle.
struct BitcodeHandle {
  static constexpr napi_type_tag typeTag{0x2c9e41b07f5d4a68, 0x91d3f8a65b0e7c24};

  explicit BitcodeHandle(ByteView bytes) : bitcode(std::make_shared<SharedBitcode>()) {
    bitcode->bytes.assign(reinterpret_cast<const char *>(bytes.data), bytes.size);
  }
  ~BitcodeHandle() { bitcode->isGone = true; }
  BitcodeHandle(const BitcodeHandle &) = delete;
  BitcodeHandle &operator=(const BitcodeHandle &) = delete;

  const std::shared_ptr<SharedBitcode> bitcode;
};

/// Names that jobs refer to by a handle.
struct NamesHandle {
  static constexpr napi_type_tag typeTag{0xb7405d92e81c4f3a, 0x8e6a17c3d2f94b05};

  std::shared_ptr<const NameSet> names;
};

napi_value ingestModule(Call &call) {
  ByteView bytes = call.bytes(0, "bytes");
  std::string format = call.string(1, "format");
  if (format != "bitcode" && format != "ir")
    throw BindingError("format must be 'bitcode' or 'ir'");
  auto moduleId = static_cast<unsigned>(call.integer(2, 0, UINT32_MAX, "moduleId"));
  std::string name = call.string(3, "name");
  auto loaded = loadLlvm();
  if (const auto *failure = std::get_if<Failure>(&loaded))
    return toJs(call.env, *failure);
  auto result = std::get<const LlvmHalf *>(loaded)->ingest(
      {reinterpret_cast<const char *>(bytes.data), bytes.size},
      format == "ir" ? InputFormat::text : InputFormat::bitcode, moduleId, name);
  if (const auto *failure = std::get_if<Failure>(&result))
    return toJs(call.env, *failure);
  const Ingested &parts = std::get<Ingested>(result);
  napi_value value = object(call.env);
  setProperty(call.env, value, "code", toJsBytes(call.env, parts.code.data(), parts.code.size()));
  setProperty(call.env, value, "data",
              parts.data ? toJsBytes(call.env, parts.data->data(), parts.data->size()) : null(call.env));
  setProperty(call.env, value, "summary", toJs(call.env, std::string_view(parts.summary)));
  return value;
}

std::vector<std::string> toStrings(napi_env env, napi_value array, const char *what) {
  bool isArray = false;
  uint32_t length = 0;
  if (napi_is_array(env, array, &isArray) != napi_ok || !isArray ||
      napi_get_array_length(env, array, &length) != napi_ok)
    throw BindingError(std::string(what) + " must be an array");
  std::vector<std::string> strings;
  strings.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    check(env, napi_get_element(env, array, i, &element), what);
    strings.push_back(toString(env, element, what));
  }
  return strings;
}

/// `value` as one of two words: true for `yes`.
bool toChoice(napi_env env, napi_value value, const char *yes, const char *no, const char *what) {
  std::string word = toString(env, value, what);
  if (word != yes && word != no)
    throw BindingError(std::string(what) + " must be '" + yes + "' or '" + no + "'");
  return word == yes;
}

CallForm toCallForm(napi_env env, napi_value value) {
  std::string word = toString(env, value, "calls");
  if (word == "direct")
    return CallForm::direct;
  if (word == "indirect")
    return CallForm::indirect;
  if (word == "patchable")
    return CallForm::patchable;
  throw BindingError("calls must be 'direct', 'indirect' or 'patchable'");
}

bool isExternal(napi_env env, napi_value value) {
  napi_valuetype type;
  check(env, napi_typeof(env, value, &type), "typeof");
  return type == napi_external;
}

std::shared_ptr<const SharedBitcode> toBitcode(napi_env env, napi_value value) {
  if (isExternal(env, value))
    return fromHandle<BitcodeHandle>(env, value, "bitcode")->bitcode;
  // Copied, since JS may change or free its bytes while the job waits.
  return BitcodeHandle(toBytes(env, value, "bitcode")).bitcode;
}

std::shared_ptr<const NameSet> toNames(napi_env env, napi_value value, const char *what) {
  if (isExternal(env, value))
    return fromHandle<NamesHandle>(env, value, what)->names;
  std::vector<std::string> names = toStrings(env, value, what);
  return std::make_shared<NameSet>(std::make_move_iterator(names.begin()),
                                   std::make_move_iterator(names.end()));
}

std::optional<FunctionSelection> toSelection(napi_env env, napi_value value) {
  napi_valuetype type;
  check(env, napi_typeof(env, value, &type), "typeof");
  if (type == napi_null)
    return std::nullopt;
  FunctionSelection selection;
  selection.wanted = toStrings(env, getProperty(env, value, "wanted"), "wanted");
  ByteView possible = toBytes(env, getProperty(env, value, "possible"), "possible");
  selection.possible.assign(possible.data, possible.data + possible.size);
  return selection;
}

CompileJob toJob(napi_env env, napi_value value) {
  auto get = [&](const char *name) { return getProperty(env, value, name); };
  CompileJob job;
  job.bitcode = toBitcode(env, get("bitcode"));
  job.isData = toChoice(env, get("part"), "data", "code", "part");
  job.passes = toString(env, get("passes"), "passes");
  job.codegenLevel = static_cast<int>(toInteger(env, get("codegenLevel"), 0, 3, "codegenLevel"));
  job.hostCpu = toBool(env, get("hostCpu"), "hostCpu");
  job.calls = toCallForm(env, get("calls"));
  job.counters = toBool(env, get("counters"), "counters");
  job.importBudget = static_cast<unsigned>(toInteger(env, get("importBudget"), 0, 1 << 30, "importBudget"));
  job.near = toNames(env, get("near"), "near");
  job.functions = toSelection(env, get("functions"));
  return job;
}

napi_value shareBitcode(Call &call) {
  return makeHandle(call.env, std::make_shared<BitcodeHandle>(call.bytes(0, "bytes")));
}

napi_value shareNames(Call &call) {
  return makeHandle(call.env, std::make_shared<NamesHandle>(toNames(call.env, call.value(0), "names")));
}

napi_value compilerForget(Call &call) {
  auto compiler = call.handle<Compiler>(0, "compiler");
  auto handle = call.handle<BitcodeHandle>(1, "bitcode");
  handle->bitcode->isGone = true;
  compiler->forget(*handle->bitcode);
  return undefined(call.env);
}

napi_value compilerCreate(Call &call) {
  auto threads = static_cast<unsigned>(call.integer(0, 1, 256, "threads"));
  return makeHandle(call.env, std::make_shared<Compiler>(call.env, threads));
}

napi_value compilerSubmit(Call &call) {
  auto compiler = call.handle<Compiler>(0, "compiler");
  napi_value done = call.function(2, "done");
  compiler->submit(toJob(call.env, call.value(1)), done);
  return undefined(call.env);
}

napi_value compilerPending(Call &call) {
  return toJs(call.env, call.handle<Compiler>(0, "compiler")->pending());
}

napi_value compilerDestroy(Call &call) {
  call.handle<Compiler>(0, "compiler")->destroy();
  return undefined(call.env);
}

} // namespace

void registerLlvm(napi_env env, napi_value exports) {
  exportFunction<ingestModule>(env, exports, "ingest");
  exportFunction<shareBitcode>(env, exports, "shareBitcode");
  exportFunction<shareNames>(env, exports, "shareNames");
  exportFunction<compilerForget>(env, exports, "compilerForget");
  exportFunction<compilerCreate>(env, exports, "compilerCreate");
  exportFunction<compilerSubmit>(env, exports, "compilerSubmit");
  exportFunction<compilerPending>(env, exports, "compilerPending");
  exportFunction<compilerDestroy>(env, exports, "compilerDestroy");
}

} // namespace tierlink
