// Job: arguments and results of arenas, and of views over memory that somebody else mapped.
#include "binding_runtime.h"

#include "memory_handle.h"
#include "view_check.h"

#include <climits>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace tierlink {
namespace {

constexpr int64_t maxRegionBytes = static_cast<int64_t>(Arena::maxBytes);

RegionKind regionKind(const std::string &name) {
  if (name == "code")
    return RegionKind::Code;
  if (name == "readonly")
    return RegionKind::ReadOnly;
  if (name == "data")
    return RegionKind::Data;
  throw BindingError("region must be code, readonly or data");
}

Access accessOf(const std::string &name) {
  if (name == "none")
    return Access::None;
  if (name == "write")
    return Access::Write;
  if (name == "read")
    return Access::Read;
  if (name == "execute")
    return Access::Execute;
  throw BindingError("access must be none, write, read or execute");
}

Mapping mappingOf(const std::string &name) {
  if (name == "dual")
    return Mapping::Dual;
  if (name == "flipping")
    return Mapping::Flipping;
  throw BindingError("mapping must be dual or flipping");
}

std::shared_ptr<MemoryHandle> openMemory(const Call &call, size_t index) {
  auto handle = call.handle<MemoryHandle>(index, "memory");
  if (handle->arena() == nullptr)
    throw BindingError("the memory is destroyed");
  return handle;
}

napi_value memoryCreate(Call &call) {
  std::string failure;
  const auto code = static_cast<size_t>(call.integer(0, 1, maxRegionBytes, "codeBytes"));
  const auto readonly = static_cast<size_t>(call.integer(1, 1, maxRegionBytes, "readonlyBytes"));
  const auto data = static_cast<size_t>(call.integer(2, 1, maxRegionBytes, "dataBytes"));
  auto arena = Arena::create(code, readonly, data, mappingOf(call.string(3, "mapping")), failure);
  if (arena == nullptr)
    throw BindingError(failure);
  return makeHandle(call.env, std::make_shared<MemoryHandle>(call.env, std::move(arena)));
}

napi_value memoryRegions(Call &call) {
  const auto handle = openMemory(call, 0);
  const napi_value regions = object(call.env);
  for (const char *name : {"code", "readonly", "data"}) {
    const RegionKind kind = regionKind(name);
    const Region &mapped = handle->arena()->region(kind);
    const napi_value region = object(call.env);
    setProperty(call.env, region, "base", toJsAddress(call.env, mapped.base));
    setProperty(call.env, region, "size", toJs(call.env, static_cast<double>(mapped.bytes)));
    setProperty(call.env, regions, name, region);
  }
  return regions;
}

napi_value memoryView(Call &call) {
  const auto handle = openMemory(call, 0);
  const RegionKind kind = regionKind(call.string(1, "region"));
  const auto size = static_cast<int64_t>(handle->arena()->region(kind).bytes);
  return handle->buffer(kind, static_cast<size_t>(call.integer(2, 1, size, "bytes")));
}

struct Pages {
  RegionKind kind;
  size_t offset, bytes;
};

Pages pageArguments(const Call &call) {
  return {regionKind(call.string(1, "region")),
          static_cast<size_t>(call.integer(2, 0, maxRegionBytes, "offset")),
          static_cast<size_t>(call.integer(3, 0, maxRegionBytes, "bytes"))};
}

napi_value memoryDiscard(Call &call) {
  const auto handle = openMemory(call, 0);
  const Pages pages = pageArguments(call);
  std::string failure;
  if (!handle->arena()->discard(pages.kind, pages.offset, pages.bytes, failure))
    throw BindingError(failure);
  return undefined(call.env);
}

napi_value memoryProtect(Call &call) {
  const auto handle = openMemory(call, 0);
  const Pages pages = pageArguments(call);
  const Access access = accessOf(call.string(4, "access"));
  std::string failure;
  if (!handle->arena()->protect(pages.kind, pages.offset, pages.bytes, access, failure))
    throw BindingError(failure);
  return undefined(call.env);
}

napi_value memoryDestroy(Call &call) {
  call.handle<MemoryHandle>(0, "memory")->destroy();
  return undefined(call.env);
}

napi_value memoryRead(Call &call) {
  const uint64_t address = call.bigint(0, "address");
  const auto bytes = static_cast<size_t>(call.integer(1, 0, int64_t{1} << 31, "bytes"));
  return toJsBytes(call.env, reinterpret_cast<const void *>(address), bytes);
}

napi_value jsViewAddress(Call &call) {
  const auto bytes = call.elements(0, "bytes");
  return toJsAddress(call.env, bytes.data());
}

napi_value jsViewMirrors(Call &call) {
  const auto bytes = call.elements(0, "bytes");
  const uint64_t address = call.bigint(1, "address");
  std::string failure;
  return viewMirrors(bytes, address, failure) ? null(call.env) : toJs(call.env, failure);
}

} // namespace

void registerMemory(napi_env env, napi_value exports) {
  exportFunction<memoryCreate>(env, exports, "memoryCreate");
  exportFunction<memoryRegions>(env, exports, "memoryRegions");
  exportFunction<memoryView>(env, exports, "memoryView");
  exportFunction<memoryDiscard>(env, exports, "memoryDiscard");
  exportFunction<memoryProtect>(env, exports, "memoryProtect");
  exportFunction<memoryDestroy>(env, exports, "memoryDestroy");
  exportFunction<memoryRead>(env, exports, "memoryRead");
  exportFunction<jsViewAddress>(env, exports, "viewAddress");
  exportFunction<jsViewMirrors>(env, exports, "viewMirrors");
}

} // namespace tierlink
