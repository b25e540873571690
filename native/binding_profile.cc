// Converts arguments and results of profiles, nothing else.
#include "binding_profile.h"

#include "load_llvm.h"
#include "pool_handle.h"
#include "profile_words.h"

namespace tierlink {
namespace {

std::vector<ProfileRecord> recordsArgument(Call &call, size_t index) {
  const ByteView bytes = call.bytes(index, "profile");
  auto records = decodeProfile({reinterpret_cast<const char *>(bytes.data), bytes.size});
  if (!records)
    throw BindingError("profile is no encoded profile");
  return std::move(*records);
}

/// Tells V8 how much hangs on a small handle, so that it is collected in time.
void accountFor(napi_env env, napi_value handle, size_t bytes) {
  int64_t total = 0;
  check(env, napi_adjust_external_memory(env, static_cast<int64_t>(bytes), &total), "external memory");
  auto release = [](napi_env env, void *data, void *) {
    int64_t total = 0;
    napi_adjust_external_memory(env, -static_cast<int64_t>(reinterpret_cast<uintptr_t>(data)), &total);
  };
  check(env, napi_add_finalizer(env, handle, reinterpret_cast<void *>(bytes), release, nullptr, nullptr),
        "finalizer");
}

napi_value shareProfile(Call &call) {
  napi_value handle = makeHandle(call.env, std::make_shared<ProfileHandle>(recordsArgument(call, 0)));
  accountFor(call.env, handle, 2 * call.bytes(0, "profile").size);
  return handle;
}

napi_value profileRead(Call &call) {
  const ByteView bytes = call.bytes(0, "bytes");
  auto loaded = loadLlvm();
  if (auto *failure = std::get_if<Failure>(&loaded))
    return toJs(call.env, *failure);
  auto read = std::get<const LlvmHalf *>(loaded)->readProfile(
      {reinterpret_cast<const char *>(bytes.data), bytes.size});
  if (auto *failure = std::get_if<Failure>(&read))
    return toJs(call.env, *failure);
  const std::string words = encodeProfile(std::get<std::vector<ProfileRecord>>(read));
  return toJsBytes(call.env, words.data(), words.size());
}

napi_value profileWrite(Call &call) {
  const std::vector<ProfileRecord> records = recordsArgument(call, 0);
  auto loaded = loadLlvm();
  if (auto *failure = std::get_if<Failure>(&loaded))
    return toJs(call.env, *failure);
  auto written = std::get<const LlvmHalf *>(loaded)->writeProfile(records);
  if (auto *failure = std::get_if<Failure>(&written))
    return toJs(call.env, *failure);
  const std::string &bytes = std::get<std::string>(written);
  return toJsBytes(call.env, bytes.data(), bytes.size());
}

} // namespace

void registerProfile(napi_env env, napi_value exports) {
  exportFunction<shareProfile>(env, exports, "shareProfile");
  exportFunction<profileRead>(env, exports, "profileRead");
  exportFunction<profileWrite>(env, exports, "profileWrite");
}

} // namespace tierlink
