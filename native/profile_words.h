// Profiles as they cross between JS and C++: one array of words, as src/profile/encoding.ts has it.
#pragma once

#include "llvm_interface.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tierlink {

/// Nothing if the bytes are no profile.
std::optional<std::vector<ProfileRecord>> decodeProfile(std::string_view bytes);

std::string encodeProfile(const std::vector<ProfileRecord> &records);

} // namespace tierlink
