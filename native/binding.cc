// The addon's entry: versions first, so that the loader can refuse a mismatch, then both halves of the
// exports.
#include "binding_profile.h"
#include "binding_support.h"
#include "host_cpu.h"

namespace {
// Equals contractVersion in src/native/contract.ts.
constexpr int contractVersion = 27;
} // namespace

NAPI_MODULE_INIT() {
  using namespace tierlink;
  try {
    setProperty(env, exports, "contractVersion", toJs(env, static_cast<double>(contractVersion)));
    setProperty(env, exports, "llvmVersion", toJs(env, TIERLINK_LLVM_VERSION));
    setProperty(env, exports, "hostCpu", toJs(env, std::string_view(hostCpuIdentity())));
    setProperty(env, exports, "build", toJs(env, TIERLINK_BUILD));
    registerLlvm(env, exports);
    registerProfile(env, exports);
    registerRuntime(env, exports);
  } catch (const PendingJsException &) {
    return nullptr;
  } catch (const std::exception &error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
  return exports;
}
