#include "ingest_source.h"

#include "ingest_parts.h"
#include "llvm_target.h"

#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

namespace tierlink {
namespace {

struct Header {
  char magic[8];
  uint32_t moduleId;
  uint32_t reserved;
};
constexpr Header model{{'T', 'L', 's', 'o', 'u', 'r', 'c', 'e'}, 0, 0};
// The bitcode behind it stays as aligned as it was.
static_assert(sizeof(Header) == 16);

} // namespace

std::vector<char> keepSource(llvm::StringRef bitcode, unsigned moduleId) {
  Header header = model;
  header.moduleId = moduleId;
  std::vector<char> code(sizeof(Header) + bitcode.size());
  std::memcpy(code.data(), &header, sizeof(Header));
  std::memcpy(code.data() + sizeof(Header), bitcode.data(), bitcode.size());
  return code;
}

bool isSource(llvm::StringRef code) {
  return code.size() >= sizeof(Header) && std::memcmp(code.data(), model.magic, sizeof model.magic) == 0;
}

llvm::StringRef bitcodeOf(llvm::StringRef code) { return code.substr(sizeof(Header)); }

ReadModule loadSource(llvm::StringRef code, llvm::LLVMContext &context) {
  Header header;
  std::memcpy(&header, code.data(), sizeof(Header));
  ReadModule loaded = readLazily(bitcodeOf(code), "job", context);
  if (auto *module = std::get_if<std::unique_ptr<llvm::Module>>(&loaded)) {
    (*module)->setTargetTriple(hostTriple());
    IngestState state(**module, header.moduleId);
    state.unread = true;
    if (auto failure = makeCanonical(state))
      return std::move(*failure);
    dropData(state);
  }
  return loaded;
}

ReadModule readSource(llvm::StringRef code, llvm::LLVMContext &context) {
  ReadModule loaded = loadSource(code, context);
  auto *module = std::get_if<std::unique_ptr<llvm::Module>>(&loaded);
  if (module == nullptr)
    return loaded;
  if (llvm::Error error = (*module)->materializeAll())
    return Failure{"bitcode", llvm::toString(std::move(error)), ""};
  std::string text;
  llvm::raw_string_ostream out(text);
  if (llvm::verifyModule(**module, &out))
    return Failure{"verify", text, ""};
  dropUnusedDeclarations(**module);
  return loaded;
}

} // namespace tierlink
