// The handle of a profile that jobs refer to.
#pragma once

#include "binding_support.h"
#include "llvm_interface.h"

namespace tierlink {

struct ProfileHandle {
  static constexpr napi_type_tag typeTag{0x5d20c83fe7914ab6, 0xa4f9376b18c0de52};

  explicit ProfileHandle(std::vector<ProfileRecord> records)
      : profile(std::make_shared<SharedProfile>(std::move(records))) {}

  const std::shared_ptr<const SharedProfile> profile;
};

/// The profiles' part of the exports.
void registerProfile(napi_env env, napi_value exports);

} // namespace tierlink
