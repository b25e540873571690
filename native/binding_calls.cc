// Job: arguments and results of calls, runs, symbols, unwinding and the end of the process.
#include "binding_runtime.h"

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "async_call.h"
#include "builtins.h"
#include "calls.h"
#include "exit_watch.h"
#include "fast_call.h"
#include "frames.h"
#include "host_signals.h"
#include "js_channel.h"
#include "libraries.h"
#include "program_signals.h"
#include "program_threads.h"
#include "run.h"
#include "shared_symbols.h"
#include "thread_record.h"

namespace tierlink {
namespace {

const void *slotArgument(const Call &call, size_t index, Engine &engine) {
  const uint64_t slot = call.bigint(index, "slot");
  if (slot % sizeof(uint64_t) != 0 || !engine.covers(slot, sizeof(uint64_t))) {
    callerHandle(call, 0); // control may have destroyed the engine at this moment
    throw BindingError("slot must be the address of an aligned 8-byte cell in the engine's memory");
  }
  return reinterpret_cast<const void *>(slot);
}

Target targetArguments(const Call &call) {
  const auto handle = callerHandle(call, 0);
  Target target{handle->engine(), slotArgument(call, 1, *handle->engine()), {}, call.string(3, "name")};
  const std::string letters = call.string(2, "signature");
  std::string failure;
  if (!Signature::parse(letters, target.signature, failure)) {
    const napi_value error =
        makeError(call.env, "SIGNATURE_UNSUPPORTED",
                  target.name + " with signature " + letters + " can't be called: " + failure);
    setProperty(call.env, error, "reason", toJs(call.env, failure));
    napi_throw(call.env, error);
    throw PendingJsException();
  }
  return target;
}

std::vector<napi_value> arrayArgument(const Call &call, size_t index, const char *what) {
  uint32_t length;
  bool isArray = false;
  if (napi_is_array(call.env, call.value(index), &isArray) != napi_ok || !isArray)
    throw BindingError(std::string(what) + " must be an array");
  check(call.env, napi_get_array_length(call.env, call.value(index), &length), what);
  std::vector<napi_value> values(length);
  for (uint32_t i = 0; i < length; ++i)
    check(call.env, napi_get_element(call.env, call.value(index), i, &values[i]), what);
  return values;
}

napi_value bindFunction(Call &call) {
  return bindTarget(call.env, targetArguments(call), callerHandle(call, 0)->isEnded(),
                    call.function(4, "failed"));
}

napi_value jsBindFast(Call &call) {
  const auto handle = callerHandle(call, 0);
  return bindFast(call.env, targetArguments(call), call.string(2, "signature"), handle.get(),
                  call.function(4, "failed"));
}

napi_value callsEnd(Call &call) {
  const auto handle = call.handle<EngineHandle>(0, "engine");
  handle->end();
  endFast(handle.get());
  return undefined(call.env);
}

// Whether the slot is one of the engine's is not asked: it may be gone, and is compared only.
napi_value fastIsOpen(Call &call) {
  return toJs(call.env, isFastOpen(*call.handle<EngineHandle>(0, "engine")->engine(),
                                   reinterpret_cast<const void *>(call.bigint(1, "slot"))));
}

napi_value engineMayCallBack(Call &call) {
  Engine &engine = *openHandle(call, 0)->engine();
  engine.mayCallBack(slotArgument(call, 1, engine)).store(call.boolean(2, "may"), std::memory_order_seq_cst);
  return undefined(call.env);
}

napi_value engineMayRunJs(Call &call) {
  openHandle(call, 0)->engine()->door.mayRunJs.store(true, std::memory_order_relaxed);
  return undefined(call.env);
}

napi_value jsCallAsync(Call &call) {
  const auto values = arrayArgument(call, 4, "args");
  return callAsync(call.env, targetArguments(call), values);
}

napi_value callPlain(Call &call) {
  const auto handle = openHandle(call, 0);
  const Target target{handle->engine(), slotArgument(call, 1, *handle->engine()), {}, "the function"};
  CallState state(target.signature);
  const auto failure = callTarget(target, state.frame, Entry::Passage::Control);
  if (failure == nullptr)
    return toJsBigint(call.env, state.frame.rax);
  napi_throw(call.env, toJsError(call.env, *failure));
  return nullptr;
}

napi_value engineRunExitHandlers(Call &call) {
  Engine &engine = *openHandle(call, 0)->engine();
  try {
    Entry entry(engine, Entry::Passage::Control);
    ThreadRecord::here().runDestructors(engine);
    engine.exitHandlers.run(0);
  } catch (...) {
    throw BindingError("an exit handler threw an exception");
  }
  return undefined(call.env);
}

napi_value engineRunExitHandlersWithin(Call &call) {
  Engine &engine = *openHandle(call, 0)->engine();
  const auto words = call.words(1, "ranges");
  std::vector<ExitHandlers::Range> ranges;
  for (size_t at = 0; at + 1 < words.size(); at += 2)
    ranges.push_back({words[at], words[at + 1]});
  try {
    Entry entry(engine, Entry::Passage::Control);
    engine.exitHandlers.runWithin(ranges);
    engine.quickExitHandlers.removeWithin(ranges);
  } catch (...) {
    throw BindingError("an exit handler threw an exception");
  }
  return undefined(call.env);
}

// What the promise of a run needs when it is over.
struct PendingRun {
  napi_deferred deferred = nullptr;
  Run::Outcome outcome; // written before the channel's message is sent, read when it arrives
  std::shared_ptr<JsChannel> channel;
};

void settle(napi_env env, const PendingRun &pending) {
  try {
    const napi_value outcome = object(env);
    setProperty(env, outcome, "how", toJs(env, pending.outcome.exited ? "exit" : "return"));
    setProperty(env, outcome, "status", toJs(env, static_cast<double>(pending.outcome.status)));
    napi_resolve_deferred(env, pending.deferred, outcome);
  } catch (const std::exception &) {
    // Node refuses to make values: the environment is ending, and nobody waits any more.
  }
}

napi_value run(Call &call) {
  const auto handle = openHandle(call, 0);
  const void *slot = slotArgument(call, 1, *handle->engine());
  std::vector<std::string> arguments;
  for (napi_value value : arrayArgument(call, 2, "argv"))
    arguments.push_back(toString(call.env, value, "argv"));
  if (loadSlot(slot) == nullptr) {
    napi_throw(call.env, makeError(call.env, "NOT_LINKED", "main has no code yet"));
    return nullptr;
  }
  auto pending = std::make_shared<PendingRun>();
  napi_value promise;
  check(call.env, napi_create_promise(call.env, &pending->deferred, &promise), "promise");
  pending->channel = JsChannel::open(call.env, nullptr, "tierlink run",
                                     [pending](napi_env env, napi_value) { settle(env, *pending); });
  if (pending->channel == nullptr)
    throw PendingJsException();
  setLastStarted(handle->engine());
  std::string failure;
  const auto report = [pending](const Run::Outcome &outcome) {
    pending->outcome = outcome;
    pending->channel->send();
    pending->channel->close();
  };
  if (Run::start(handle->engine(), slot, std::move(arguments), report, failure) == nullptr) {
    pending->channel->close();
    throw BindingError(failure);
  }
  return promise;
}

napi_value processSymbol(Call &call) {
  const std::string name = call.string(0, "name");
  void *symbol = Libraries::symbol(libraryArgument(0), name);
  return toJsAddress(call.env, symbol == nullptr ? builtinSymbol(name) : symbol);
}

napi_value libraryOpen(Call &call) {
  std::string failure;
  void *library = Libraries::open(call.string(0, "path"), failure);
  if (library == nullptr)
    throw BindingError(failure);
  return toJsAddress(call.env, library);
}

napi_value symbolsOpen(Call &call) {
  std::string failure;
  const ByteView file = call.bytes(0, "file");
  void *symbols = SharedSymbols::open(file.data, file.size, failure);
  if (symbols == nullptr)
    throw BindingError(failure);
  return toJsAddress(call.env, symbols);
}

napi_value symbolsClose(Call &call) {
  if (!SharedSymbols::close(call.bigint(0, "symbols")))
    throw BindingError("symbols must be what symbolsOpen returned");
  return undefined(call.env);
}

napi_value librarySymbol(Call &call) {
  void *library = libraryArgument(call.bigint(0, "library"));
  return toJsAddress(call.env, Libraries::symbol(library, call.string(1, "name")));
}

AddressRange rangeArgument(const Call &call, size_t index, const char *start, const char *bytes) {
  const uint64_t at = call.bigint(index, start);
  return {at, static_cast<size_t>(call.integer(index + 1, 0, UINT32_MAX, bytes))};
}

napi_value framesRegister(Call &call) {
  std::string failure;
  const AddressRange section = rangeArgument(call, 0, "address", "bytes");
  if (!Frames::add(section, rangeArgument(call, 2, "codeStart", "codeBytes"), failure))
    throw BindingError(failure);
  return undefined(call.env);
}

napi_value framesDeregister(Call &call) {
  if (!Frames::remove(call.bigint(0, "address")))
    throw BindingError("no frame table is registered at this address");
  return undefined(call.env);
}

napi_value framesIndexed(Call &call) { return toJs(call.env, Frames::indexed()); }

napi_value unwindFunctionAround(Call &call) {
  return toJsBigint(call.env, Frames::functionAround(call.bigint(0, "address")));
}

napi_value flushStdio(Call &call) {
  fflush(nullptr);
  return undefined(call.env);
}

// Node leaves stdout unbuffered and some signals changed, and makes pipes that it writes to non-blocking,
// which loses what libc writes to a full one; a program that owns the process expects what libc and the
// kernel give it. An explicit buffer, since glibc keeps the one byte of an unbuffered stream otherwise.
napi_value adoptProcess(Call &call) {
  static char buffer[4096];
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  setvbuf(stdout, buffer, terminal ? _IOLBF : _IOFBF, terminal ? 1024 : sizeof buffer);
  ProgramSignals::restoreDefaults();
  HostSignals::close();
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const int flags = fcntl(stream, F_GETFD);
    if (flags >= 0)
      fcntl(stream, F_SETFD, flags & ~FD_CLOEXEC);
    const int status = fcntl(stream, F_GETFL);
    if (status >= 0 && (status & O_NONBLOCK) != 0)
      fcntl(stream, F_SETFL, status & ~O_NONBLOCK);
  }
  return undefined(call.env);
}

napi_value releaseProcess(Call &call) {
  HostSignals::open();
  return undefined(call.env);
}

napi_value exitProcess(Call &call) {
  const int64_t status = call.integer(0, -2147483648ll, 4294967295ll, "status");
  fflush(nullptr);
  _exit(static_cast<int>(status & 0xff));
}

napi_value exitIfStuck(Call &call) {
  const int64_t status = call.integer(0, -2147483648ll, 4294967295ll, "status");
  const int64_t afterMs = call.integer(1, 1, 3'600'000, "afterMs");
  return toJs(call.env, watchExit(static_cast<int>(status & 0xff), static_cast<uint32_t>(afterMs)));
}

} // namespace

void registerCalls(napi_env env, napi_value exports) {
  exportFunction<bindFunction>(env, exports, "bindFunction");
  exportFunction<jsBindFast>(env, exports, "bindFast");
  exportFunction<callsEnd>(env, exports, "callsEnd");
  exportFunction<fastIsOpen>(env, exports, "fastIsOpen");
  exportFunction<engineMayRunJs>(env, exports, "engineMayRunJs");
  exportFunction<engineMayCallBack>(env, exports, "engineMayCallBack");
  exportFunction<jsCallAsync>(env, exports, "callAsync");
  exportFunction<callPlain>(env, exports, "callPlain");
  exportFunction<run>(env, exports, "run");
  exportFunction<engineRunExitHandlers>(env, exports, "engineRunExitHandlers");
  exportFunction<engineRunExitHandlersWithin>(env, exports, "engineRunExitHandlersWithin");
  exportFunction<processSymbol>(env, exports, "processSymbol");
  exportFunction<libraryOpen>(env, exports, "libraryOpen");
  exportFunction<symbolsOpen>(env, exports, "symbolsOpen");
  exportFunction<symbolsClose>(env, exports, "symbolsClose");
  exportFunction<librarySymbol>(env, exports, "librarySymbol");
  exportFunction<framesRegister>(env, exports, "framesRegister");
  exportFunction<framesDeregister>(env, exports, "framesDeregister");
  exportFunction<framesIndexed>(env, exports, "framesIndexed");
  exportFunction<unwindFunctionAround>(env, exports, "unwindFunctionAround");
  exportFunction<flushStdio>(env, exports, "flushStdio");
  exportFunction<adoptProcess>(env, exports, "adoptProcess");
  exportFunction<releaseProcess>(env, exports, "releaseProcess");
  exportFunction<exitProcess>(env, exports, "exitProcess");
  exportFunction<exitIfStuck>(env, exports, "exitIfStuck");
}

} // namespace tierlink
