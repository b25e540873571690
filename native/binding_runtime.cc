// Job: arguments and results of an engine's requests, threads, thread-locals, patches and sampling.
#include "binding_runtime.h"

#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

#include "copied_process.h"
#include "engine_table.h"
#include "fork_handlers.h"
#include "host_code.h"
#include "libraries.h"
#include "library_tls.h"
#include "patching.h"
#include "runtime_symbols.h"
#include "stack_scan.h"
#include "thread_record.h"
#include "traps.h"

namespace tierlink {

namespace {

[[noreturn]] void throwDisposed(napi_env env) {
  napi_throw(env, makeError(env, "ENGINE_DISPOSED", "the engine is disposed"));
  throw PendingJsException();
}

std::shared_ptr<EngineHandle> controlHandle(const Call &call, size_t index) {
  auto handle = call.handle<EngineHandle>(index, "engine");
  if (!handle->controls())
    throw BindingError("only the environment that created the engine can do this");
  return handle;
}

} // namespace

std::shared_ptr<EngineHandle> callerHandle(const Call &call, size_t index) {
  auto handle = call.handle<EngineHandle>(index, "engine");
  if (handle->engine()->closed())
    throwDisposed(call.env);
  return handle;
}

std::shared_ptr<EngineHandle> openHandle(const Call &call, size_t index) {
  auto handle = controlHandle(call, index);
  if (handle->engine()->closed())
    throwDisposed(call.env);
  return handle;
}

void *libraryArgument(uint64_t number) {
  const auto library = Libraries::find(number);
  if (!library)
    throw BindingError("library must be what libraryOpen returned, or 0n for the process");
  return *library;
}

namespace {

constexpr int64_t maxRegionBytes = static_cast<int64_t>(Arena::maxBytes);

napi_value engineCreate(Call &call) {
  std::string failure;
  auto engine = Engine::create(failure);
  if (engine == nullptr)
    throw BindingError(failure);
  return makeHandle(call.env,
                    std::make_shared<EngineHandle>(call.env, std::move(engine), EngineHandle::Role::Control));
}

napi_value engineShare(Call &call) {
  const uint64_t number = EngineTable::share(openHandle(call, 0)->engine());
  if (number == 0)
    throw BindingError("getrandom gave no number for the engine");
  return toJsBigint(call.env, number);
}

napi_value engineAttach(Call &call) {
  auto engine = EngineTable::find(call.bigint(0, "number"));
  if (engine == nullptr || engine->closed())
    throwDisposed(call.env);
  return makeHandle(call.env,
                    std::make_shared<EngineHandle>(call.env, std::move(engine), EngineHandle::Role::Caller));
}

napi_value engineControlled(Call &call) {
  return toJs(call.env, call.handle<EngineHandle>(0, "engine")->engine()->controlled());
}

napi_value engineSeal(Call &call) { return toJs(call.env, openHandle(call, 0)->engine()->seal()); }

napi_value engineCover(Call &call) {
  const auto handle = openHandle(call, 0);
  const uint64_t address = call.bigint(1, "address");
  const auto bytes = call.elements(2, "bytes");
  if (bytes.empty())
    throw BindingError("bytes must not be empty");
  std::shared_ptr<Arena> around;
  // Safe because the bytes of a typed array stay where they are until it is detached, after it was uncovered.
  handle->engine()->cover(address, bytes.size(), const_cast<uint8_t *>(bytes.data()), around);
  if (around == nullptr)
    return null(call.env);
  const Region &first = around->region(RegionKind::Code);
  const Region &last = around->region(RegionKind::Data);
  const napi_value result = object(call.env);
  setProperty(call.env, result, "start", toJsAddress(call.env, first.base));
  setProperty(call.env, result, "end", toJsAddress(call.env, last.base + last.bytes));
  return result;
}

napi_value engineUncover(Call &call) {
  if (!openHandle(call, 0)->engine()->uncover(call.bigint(1, "address")))
    throw BindingError("no memory that can be uncovered begins there");
  return undefined(call.env);
}

napi_value engineSyncCore(Call &call) {
  openHandle(call, 0);
  std::string failure;
  if (!syncCore(failure))
    throw BindingError(failure);
  return undefined(call.env);
}

napi_value enginePatchCalls(Call &call) {
  const auto handle = openHandle(call, 0);
  const auto words = call.words(1, "patches");
  std::vector<CallPatch> patches;
  patches.reserve(words.size() / 2);
  for (size_t at = 0; at + 1 < words.size(); at += 2)
    patches.push_back({words[at], static_cast<int32_t>(words[at + 1])});
  std::string failure;
  if (!patchCalls(*handle->engine(), patches, failure) || !syncCore(failure))
    throw BindingError(failure);
  return undefined(call.env);
}

napi_value engineDestroy(Call &call) {
  const auto handle = controlHandle(call, 0);
  if (handle->destroy())
    return undefined(call.env);
  napi_throw(call.env, makeError(call.env, "ENGINE_BUSY", "a thread is inside the engine's code"));
  return nullptr;
}

napi_value engineOnRequests(Call &call) {
  openHandle(call, 0)->onRequests(call.function(1, "wake"));
  return undefined(call.env);
}

napi_value engineRef(Call &call) {
  openHandle(call, 0)->keepAlive(call.boolean(1, "keep"));
  return undefined(call.env);
}

napi_value engineTakeRequests(Call &call) {
  const auto counters = openHandle(call, 0)->engine()->ring().take();
  return toJsArray(call.env, napi_biguint64_array, counters.data(), counters.size(), sizeof(uint64_t));
}

napi_value engineLostRequests(Call &call) {
  return toJs(call.env, static_cast<double>(openHandle(call, 0)->engine()->ring().lost()));
}

napi_value engineMutatorsInside(Call &call) {
  return toJs(call.env, static_cast<double>(Threads::inside(*callerHandle(call, 0)->engine())));
}

napi_value engineCloseGate(Call &call) { return toJs(call.env, openHandle(call, 0)->engine()->closeGate()); }

napi_value engineOpenGate(Call &call) {
  openHandle(call, 0)->engine()->openGate();
  return undefined(call.env);
}

napi_value engineScanStacks(Call &call) {
  const auto handle = openHandle(call, 0);
  const auto words = call.words(1, "ranges");
  std::vector<ScanRange> ranges;
  for (size_t at = 0; at + 1 < words.size(); at += 2) {
    if (words[at] >= words[at + 1] || (at > 0 && words[at] < words[at - 1]))
      throw BindingError("ranges must be sorted, disjoint and not empty");
    ranges.push_back({words[at], words[at + 1]});
  }
  const size_t count = ranges.size();
  // Not on this stack, which may be scanned: it holds the bounds of the ranges.
  const auto owned = std::make_unique<StackScan>(std::move(ranges));
  StackScan &scan = *owned;
  scan.run(*handle->engine());
  std::vector<uint8_t> held(count);
  for (size_t range = 0; range < count; ++range)
    held[range] = static_cast<uint8_t>(scan.held(range));
  const napi_value result = object(call.env);
  setProperty(call.env, result, "held",
              toJsArray(call.env, napi_uint8_array, held.data(), held.size(), sizeof(uint8_t)));
  setProperty(call.env, result, "threads", toJs(call.env, static_cast<double>(scan.threads())));
  setProperty(call.env, result, "longestPauseNs", toJs(call.env, static_cast<double>(scan.longestPauseNs())));
  return result;
}

napi_value engineCatchTraps(Call &call) {
  const auto handle = openHandle(call, 0);
  Traps::install();
  handle->engine()->catchesTraps.store(true, std::memory_order_relaxed);
  return undefined(call.env);
}

napi_value engineForgetTrap(Call &call) {
  call.handle<EngineHandle>(0, "engine")->engine()->forgetTrapped(call.bigint(1, "at"));
  return undefined(call.env);
}

napi_value engineRuntimeSymbol(Call &call) {
  const auto handle = openHandle(call, 0);
  return toJsAddress(call.env, runtimeSymbol(*handle->engine(), call.string(1, "name")));
}

napi_value engineTlsRegister(Call &call) {
  const auto handle = openHandle(call, 0);
  const uint64_t image = call.bigint(1, "image");
  TlsImage registered;
  registered.initial = reinterpret_cast<const uint8_t *>(image);
  registered.fileBytes = static_cast<size_t>(call.integer(2, 0, maxRegionBytes, "fileBytes"));
  registered.memoryBytes = static_cast<size_t>(
      call.integer(3, static_cast<int64_t>(registered.fileBytes), maxRegionBytes, "memoryBytes"));
  registered.alignment = static_cast<size_t>(call.integer(4, 1, int64_t{1} << 20, "alignment"));
  if ((registered.alignment & (registered.alignment - 1)) != 0)
    throw BindingError("alignment must be a power of two");
  if (registered.fileBytes != 0 && !handle->engine()->covers(image, registered.fileBytes))
    throw BindingError("the image must lie in the engine's memory");
  return toJsBigint(call.env, tlsRegister(*handle->engine(), registered));
}

napi_value jsTlsIndexOf(Call &call) {
  void *library = libraryArgument(call.bigint(0, "library"));
  const auto index = tlsIndexOf(library, call.string(1, "name").c_str());
  if (!index)
    return null(call.env);
  const napi_value result = object(call.env);
  setProperty(call.env, result, "module", toJsBigint(call.env, index->module));
  setProperty(call.env, result, "offset", toJsBigint(call.env, index->offset));
  return result;
}

napi_value jsTlsStaticOffsetOf(Call &call) {
  void *library = libraryArgument(call.bigint(0, "library"));
  const auto offset = tlsStaticOffsetOf(library, call.string(1, "name").c_str());
  if (!offset)
    return null(call.env);
  napi_value value;
  check(call.env, napi_create_bigint_int64(call.env, *offset, &value), "bigint");
  return value;
}

napi_value engineStartSampling(Call &call) {
  const auto handle = openHandle(call, 0);
  std::string failure;
  if (!handle->engine()->sampler.start(static_cast<uint32_t>(call.integer(1, 50, 10'000'000, "intervalUs")),
                                       failure))
    throw BindingError(failure);
  return undefined(call.env);
}

napi_value engineStopSampling(Call &call) {
  openHandle(call, 0)->engine()->sampler.stop();
  return undefined(call.env);
}

napi_value engineTakeSamples(Call &call) {
  const auto samples = openHandle(call, 0)->engine()->sampler.take();
  return toJsArray(call.env, napi_biguint64_array, samples.data(), samples.size(), sizeof(uint64_t));
}

napi_value engineCpuTimeNs(Call &call) {
  return toJs(call.env, static_cast<double>(openHandle(call, 0)->engine()->sampler.cpuTimeNs()));
}

napi_value hostCodeRanges(Call &call) {
  std::vector<uint64_t> words;
  for (const AddressRange &range : HostCode::ranges()) {
    words.push_back(range.start);
    words.push_back(range.end());
  }
  return toJsArray(call.env, napi_biguint64_array, words.data(), words.size(), sizeof(uint64_t));
}

// Each environment has an isolate of its own, and its range goes with it.
void noteHostCode(napi_env env) {
  auto range = std::make_unique<AddressRange>(HostCode::note());
  const auto forget = [](void *data) {
    const std::unique_ptr<AddressRange> owned(static_cast<AddressRange *>(data));
    HostCode::forget(*owned);
  };
  check(env, napi_add_env_cleanup_hook(env, forget, range.get()), "cleanup hook");
  (void)range.release();
}

// A worker that ends unloads the addon; threads of programs, key destructors and exit hooks may still run its
// code.
void stayLoaded() {
  Dl_info self;
  if (dladdr(reinterpret_cast<void *>(&stayLoaded), &self) != 0)
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

} // namespace

napi_value toJsAddress(napi_env env, const void *address) {
  return toJsBigint(env, reinterpret_cast<uint64_t>(address));
}

napi_value toJsArray(napi_env env, napi_typedarray_type type, const void *data, size_t count,
                     size_t elementBytes) {
  void *memory = nullptr;
  napi_value buffer, array;
  check(env, napi_create_arraybuffer(env, count * elementBytes, &memory, &buffer), "ArrayBuffer");
  if (count != 0)
    memcpy(memory, data, count * elementBytes);
  check(env, napi_create_typedarray(env, type, count, buffer, 0, &array), "typed array");
  return array;
}

void registerRuntime(napi_env env, napi_value exports) {
  stayLoaded();
  Threads::prepare();
  CopiedProcess::prepare();
  ForkHandlers::prepare();
  prepareExit();
  noteHostCode(env);
  exportFunction<hostCodeRanges>(env, exports, "hostCodeRanges");
  exportFunction<engineCreate>(env, exports, "engineCreate");
  exportFunction<engineShare>(env, exports, "engineShare");
  exportFunction<engineAttach>(env, exports, "engineAttach");
  exportFunction<engineControlled>(env, exports, "engineControlled");
  exportFunction<engineSeal>(env, exports, "engineSeal");
  exportFunction<engineCover>(env, exports, "engineCover");
  exportFunction<engineUncover>(env, exports, "engineUncover");
  exportFunction<engineSyncCore>(env, exports, "engineSyncCore");
  exportFunction<enginePatchCalls>(env, exports, "enginePatchCalls");
  exportFunction<engineDestroy>(env, exports, "engineDestroy");
  exportFunction<engineOnRequests>(env, exports, "engineOnRequests");
  exportFunction<engineRef>(env, exports, "engineRef");
  exportFunction<engineTakeRequests>(env, exports, "engineTakeRequests");
  exportFunction<engineLostRequests>(env, exports, "engineLostRequests");
  exportFunction<engineMutatorsInside>(env, exports, "engineMutatorsInside");
  exportFunction<engineCloseGate>(env, exports, "engineCloseGate");
  exportFunction<engineOpenGate>(env, exports, "engineOpenGate");
  exportFunction<engineScanStacks>(env, exports, "engineScanStacks");
  exportFunction<engineCatchTraps>(env, exports, "engineCatchTraps");
  exportFunction<engineForgetTrap>(env, exports, "engineForgetTrap");
  exportFunction<engineRuntimeSymbol>(env, exports, "engineRuntimeSymbol");
  exportFunction<engineTlsRegister>(env, exports, "engineTlsRegister");
  exportFunction<jsTlsIndexOf>(env, exports, "tlsIndexOf");
  exportFunction<jsTlsStaticOffsetOf>(env, exports, "tlsStaticOffsetOf");
  exportFunction<engineStartSampling>(env, exports, "engineStartSampling");
  exportFunction<engineStopSampling>(env, exports, "engineStopSampling");
  exportFunction<engineTakeSamples>(env, exports, "engineTakeSamples");
  exportFunction<engineCpuTimeNs>(env, exports, "engineCpuTimeNs");
  registerMemory(env, exports);
  registerLazy(env, exports);
  registerCalls(env, exports);
  registerCallbacks(env, exports);
  registerTools(env, exports);
}

} // namespace tierlink
