// Job: the letters of a function type, turned into where each argument goes under the System V ABI.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tierlink {

struct Signature {
  struct Parameter {
    char letter;
    // Index of its word: 0 to 5 general registers, 6 to 13 vector registers, from 14 on the stack.
    uint16_t word;
  };
  static constexpr uint16_t firstVectorWord = 6;
  static constexpr uint16_t firstStackWord = 14;

  char result = 'v';
  std::vector<Parameter> parameters;
  uint32_t vectorWords = 0;
  uint32_t stackWords = 0;

  // False, with the reason in `failure`, for what can't be called from JS.
  static bool parse(std::string_view letters, Signature &signature, std::string &failure);
};

} // namespace tierlink
