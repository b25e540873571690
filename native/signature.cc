// Job: reads signature letters (see FunctionSummary.signature in src/native/contract.ts).
#include "signature.h"

namespace tierlink {

bool Signature::parse(std::string_view letters, Signature &signature, std::string &failure) {
  constexpr std::string_view known = "vb1248nfdpqBOT";
  constexpr size_t maxParameters = 255;
  if (letters.empty()) {
    failure = "the signature is empty";
    return false;
  }
  if (letters.back() == '.') {
    failure = "it is variadic";
    return false;
  }
  if (letters.size() - 1 > maxParameters) {
    failure = "it has more than 255 parameters";
    return false;
  }
  signature = {};
  uint16_t general = 0;
  uint16_t vector = 0;
  uint16_t stack = 0;
  for (size_t i = 0; i < letters.size(); ++i) {
    const char letter = letters[i];
    if (letter == 'x') {
      failure = i == 0 ? "its result has a type with no plain convention"
                       : "parameter " + std::to_string(i - 1) + " has a type with no plain convention";
      return false;
    }
    if (known.find(letter) == std::string_view::npos || (letter == 'v' && i != 0)) {
      failure = std::string("unknown letter ") + letter;
      return false;
    }
    if (i == 0) {
      signature.result = letter;
      continue;
    }
    const bool floating = letter == 'f' || letter == 'd';
    uint16_t word;
    if (floating && vector < 8)
      word = static_cast<uint16_t>(firstVectorWord + vector++);
    else if (!floating && general < 6)
      word = general++;
    else
      word = static_cast<uint16_t>(firstStackWord + stack++);
    signature.parameters.push_back({letter, word});
  }
  signature.vectorWords = vector;
  signature.stackWords = stack;
  return true;
}

} // namespace tierlink
