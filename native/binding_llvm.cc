// Converts arguments and results of ingest and of the compile pool, nothing else.
#include "binding_profile.h"
#include "binding_support.h"
#include "ingest_threads.h"
#include "load_llvm.h"
#include "pool_handle.h"

namespace tierlink {
namespace {

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

template <class Element, class Convert>
std::vector<Element> toVector(napi_env env, napi_value array, const char *what, const Convert &convert) {
  bool isArray = false;
  uint32_t length = 0;
  if (napi_is_array(env, array, &isArray) != napi_ok || !isArray ||
      napi_get_array_length(env, array, &length) != napi_ok)
    throw BindingError(std::string(what) + " must be an array");
  std::vector<Element> elements;
  elements.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    check(env, napi_get_element(env, array, i, &element), what);
    elements.push_back(convert(element));
  }
  return elements;
}

std::vector<std::string> toStrings(napi_env env, napi_value array, const char *what) {
  return toVector<std::string>(env, array, what,
                               [&](napi_value element) { return toString(env, element, what); });
}

/// `value` as one of two words: true for `yes`.
bool toChoice(napi_env env, napi_value value, const char *yes, const char *no, const char *what) {
  std::string word = toString(env, value, what);
  if (word != yes && word != no)
    throw BindingError(std::string(what) + " must be '" + yes + "' or '" + no + "'");
  return word == yes;
}

IngestSource toIngestSource(napi_env env, napi_value value) {
  IngestSource job;
  ByteView bytes = toBytes(env, getProperty(env, value, "bytes"), "bytes");
  job.bytes = {reinterpret_cast<const char *>(bytes.data), bytes.size};
  bool isText = toChoice(env, getProperty(env, value, "format"), "ir", "bitcode", "format");
  job.format = isText ? InputFormat::text : InputFormat::bitcode;
  job.moduleId =
      static_cast<unsigned>(toInteger(env, getProperty(env, value, "module"), 0, UINT32_MAX, "module"));
  job.name = toString(env, getProperty(env, value, "name"), "name");
  job.lazy = toBool(env, getProperty(env, value, "lazy"), "lazy");
  return job;
}

napi_value toOutcome(napi_env env, const IngestOutcome &outcome) {
  if (const auto *failure = std::get_if<Failure>(&outcome))
    return toJs(env, *failure);
  const Ingested &parts = std::get<Ingested>(outcome);
  napi_value value = object(env);
  setProperty(env, value, "code", toJsBytes(env, parts.code.data(), parts.code.size()));
  setProperty(env, value, "data",
              parts.data ? toJsBytes(env, parts.data->data(), parts.data->size()) : null(env));
  setProperty(env, value, "summary", toJs(env, std::string_view(parts.summary)));
  return value;
}

napi_value ingestModules(Call &call) {
  // Safe because the bytes stay where they are until this call returns: its array holds on to them.
  const std::vector<IngestSource> jobs = toVector<IngestSource>(
      call.env, call.value(0), "modules", [&](napi_value value) { return toIngestSource(call.env, value); });
  auto threads = static_cast<unsigned>(call.integer(1, 1, 256, "threads"));
  napi_value results;
  check(call.env, napi_create_array(call.env, &results), "array");
  if (jobs.empty())
    return results;
  auto loaded = loadLlvm();
  std::vector<IngestOutcome> outcomes;
  if (auto *failure = std::get_if<Failure>(&loaded))
    outcomes.emplace_back(std::move(*failure));
  else
    outcomes = ingestAll(*std::get<const LlvmHalf *>(loaded), jobs, threads);
  for (uint32_t i = 0; i < outcomes.size(); ++i) {
    // Gone as soon as it is copied, so that not everything is there twice.
    const IngestOutcome outcome = std::move(outcomes[i]);
    check(call.env, napi_set_element(call.env, results, i, toOutcome(call.env, outcome)), "outcome");
  }
  return results;
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

bool isOfType(napi_env env, napi_value value, napi_valuetype wanted) {
  napi_valuetype type;
  check(env, napi_typeof(env, value, &type), "typeof");
  return type == wanted;
}

std::shared_ptr<const SharedBitcode> toBitcode(napi_env env, napi_value value) {
  if (isOfType(env, value, napi_external))
    return fromHandle<BitcodeHandle>(env, value, "bitcode")->bitcode;
  // Copied, since JS may change or free its bytes while the job waits.
  return BitcodeHandle(toBytes(env, value, "bitcode")).bitcode;
}

std::shared_ptr<const NameSet> toNames(napi_env env, napi_value value, const char *what) {
  if (isOfType(env, value, napi_external))
    return fromHandle<NamesHandle>(env, value, what)->names;
  std::vector<std::string> names = toStrings(env, value, what);
  return std::make_shared<NameSet>(std::make_move_iterator(names.begin()),
                                   std::make_move_iterator(names.end()));
}

std::optional<FunctionSelection> toSelection(napi_env env, napi_value value) {
  if (isOfType(env, value, napi_null))
    return std::nullopt;
  FunctionSelection selection;
  selection.wanted = toStrings(env, getProperty(env, value, "wanted"), "wanted");
  ByteView possible = toBytes(env, getProperty(env, value, "possible"), "possible");
  selection.possible.assign(possible.data, possible.data + possible.size);
  return selection;
}

std::vector<ImportSource> toSources(napi_env env, napi_value array) {
  return toVector<ImportSource>(env, array, "sources", [&](napi_value source) {
    return ImportSource{toBitcode(env, getProperty(env, source, "bitcode")),
                        toNames(env, getProperty(env, source, "names"), "names")};
  });
}

std::optional<ContinuationRequest> toContinuation(napi_env env, napi_value value) {
  if (isOfType(env, value, napi_null))
    return std::nullopt;
  return ContinuationRequest{
      static_cast<unsigned>(toInteger(env, getProperty(env, value, "loop"), 0, UINT32_MAX, "loop")),
      toString(env, getProperty(env, value, "signature"), "signature")};
}

ProfileUses toUses(napi_env env, napi_value array) {
  ProfileUses uses;
  for (const std::string &use : toStrings(env, array, "profileUses")) {
    if (use == "branches")
      uses.branches = true;
    else if (use == "calls")
      uses.calls = true;
    else if (use == "inlining")
      uses.inlining = true;
    else if (use == "split")
      uses.split = true;
    else
      throw BindingError("profileUses are 'branches', 'calls', 'inlining' and 'split'");
  }
  return uses;
}

CompileJob toJob(napi_env env, napi_value value) {
  auto get = [&](const char *name) { return getProperty(env, value, name); };
  CompileJob job;
  job.bitcode = toBitcode(env, get("bitcode"));
  job.isData = toChoice(env, get("part"), "data", "code", "part");
  job.passes = toString(env, get("passes"), "passes");
  job.codegenLevel = static_cast<int>(toInteger(env, get("codegenLevel"), 0, 3, "codegenLevel"));
  job.hostCpu = toBool(env, get("hostCpu"), "hostCpu");
  job.features = toString(env, get("features"), "features");
  job.calls = toCallForm(env, get("calls"));
  job.counters = toBool(env, get("counters"), "counters");
  job.polls = toString(env, get("polls"), "polls");
  job.importBudget = static_cast<unsigned>(toInteger(env, get("importBudget"), 0, 1 << 30, "importBudget"));
  job.sources = toSources(env, get("sources"));
  job.near = toNames(env, get("near"), "near");
  job.instrument = toBool(env, get("instrument"), "instrument");
  if (!isOfType(env, get("profile"), napi_null))
    job.profile = fromHandle<ProfileHandle>(env, get("profile"), "profile")->profile;
  job.uses = toUses(env, get("profileUses"));
  job.profilePrior = static_cast<unsigned>(toInteger(env, get("profilePrior"), 0, 1 << 30, "profilePrior"));
  job.functions = toSelection(env, get("functions"));
  job.continuation = toContinuation(env, get("continuation"));
  if (job.continuation && (!job.functions || job.functions->wanted.size() != 1))
    throw BindingError("continuation needs exactly one function");
  return job;
}

JobPriority toPriority(napi_env env, napi_value value) {
  JobPriority priority;
  priority.isLazy = toBool(env, getProperty(env, value, "lazy"), "lazy");
  if (napi_get_value_double(env, getProperty(env, value, "heat"), &priority.heat) != napi_ok ||
      std::isnan(priority.heat))
    throw BindingError("heat must be a number");
  return priority;
}

/// A job's number, which compilerSubmit gave.
CompilePool::JobId jobArgument(Call &call, size_t index) {
  return static_cast<CompilePool::JobId>(call.integer(index, 0, int64_t{1} << 53, "job"));
}

napi_value shareBitcode(Call &call) {
  return makeHandle(call.env, std::make_shared<BitcodeHandle>(call.bytes(0, "bytes")));
}

napi_value shareNames(Call &call) {
  const std::string text = toString(call.env, call.value(0), "names");
  auto names = std::make_shared<NameSet>();
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\0', begin), text.size());
    names->emplace(text, begin, end - begin);
    begin = end + 1;
  }
  return makeHandle(call.env, std::make_shared<NamesHandle>(std::move(names)));
}

napi_value compilerForget(Call &call) {
  auto compiler = call.handle<PoolHandle>(0, "compiler");
  auto handle = call.handle<BitcodeHandle>(1, "bitcode");
  handle->bitcode->isGone = true;
  compiler->forget(*handle->bitcode);
  return undefined(call.env);
}

napi_value compilerCreate(Call &call) {
  auto threads = static_cast<unsigned>(call.integer(0, 1, 256, "threads"));
  auto maxOptimising = static_cast<size_t>(call.integer(1, 0, UINT32_MAX, "maxOptimising"));
  return makeHandle(call.env, std::make_shared<PoolHandle>(call.env, threads, maxOptimising));
}

napi_value compilerSubmit(Call &call) {
  auto compiler = call.handle<PoolHandle>(0, "compiler");
  const JobPriority priority = toPriority(call.env, call.value(2));
  napi_value done = call.function(3, "done");
  napi_value chosen =
      isOfType(call.env, call.value(4), napi_undefined) ? nullptr : call.function(4, "chosen");
  CompileJob job = toJob(call.env, call.value(1));
  return toJs(call.env, static_cast<double>(compiler->submit(std::move(job), priority, done, chosen)));
}

napi_value compilerCompileNow(Call &call) {
  auto compiler = call.handle<PoolHandle>(0, "compiler");
  return toJs(call.env, compiler->compileNow(toJob(call.env, call.value(1))));
}

napi_value compilerCancel(Call &call) {
  return toJs(call.env, call.handle<PoolHandle>(0, "compiler")->cancel(jobArgument(call, 1)));
}

napi_value compilerMove(Call &call) {
  auto compiler = call.handle<PoolHandle>(0, "compiler");
  return toJs(call.env, compiler->move(jobArgument(call, 1), toPriority(call.env, call.value(2))));
}

napi_value compilerPending(Call &call) {
  return toJs(call.env, static_cast<double>(call.handle<PoolHandle>(0, "compiler")->pending()));
}

napi_value compilerDestroy(Call &call) { return call.handle<PoolHandle>(0, "compiler")->destroy(); }

} // namespace

void registerLlvm(napi_env env, napi_value exports) {
  exportFunction<ingestModules>(env, exports, "ingest");
  exportFunction<shareBitcode>(env, exports, "shareBitcode");
  exportFunction<shareNames>(env, exports, "shareNames");
  exportFunction<compilerForget>(env, exports, "compilerForget");
  exportFunction<compilerCreate>(env, exports, "compilerCreate");
  exportFunction<compilerSubmit>(env, exports, "compilerSubmit");
  exportFunction<compilerCompileNow>(env, exports, "compilerCompileNow");
  exportFunction<compilerCancel>(env, exports, "compilerCancel");
  exportFunction<compilerMove>(env, exports, "compilerMove");
  exportFunction<compilerPending>(env, exports, "compilerPending");
  exportFunction<compilerDestroy>(env, exports, "compilerDestroy");
}

} // namespace tierlink
