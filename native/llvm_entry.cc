// The one door of tierlink_llvm.so.
#include "compile.h"
#include "compile_profile.h"
#include "ingest.h"
#include "llvm_calls.h"
#include "llvm_disassemble.h"
#include "llvm_interface.h"
#include "llvm_lines.h"

#include <string_view>

namespace tierlink {
namespace {

class Half final : public LlvmHalf {
public:
  std::variant<Ingested, Failure> ingest(const IngestSource &source) const override {
    return tierlink::ingest(source);
  }
  std::unique_ptr<CompilerState> createState() const override { return createCompilerState(); }
  std::variant<Compiled, Failure> compile(const CompileJob &job, CompilerState &state,
                                          const OnChosen &chosen) const override {
    return tierlink::compile(job, state, chosen);
  }
  std::variant<std::vector<ShownInstruction>, Failure> disassemble(std::string_view object,
                                                                   std::string_view function) const override {
    return tierlink::disassemble(object, function);
  }
  std::variant<SourceLines, Failure> readLines(std::string_view object) const override {
    return tierlink::readLines(object);
  }
  std::variant<std::vector<FunctionCalls>, Failure> readCalls(std::string_view code) const override {
    return tierlink::readCalls(code);
  }
  std::variant<std::vector<ProfileRecord>, Failure> readProfile(std::string_view bytes) const override {
    return tierlink::readProfile(bytes);
  }
  std::variant<std::string, Failure> writeProfile(const std::vector<ProfileRecord> &records) const override {
    return tierlink::writeProfile(records);
  }
};

} // namespace
} // namespace tierlink

extern "C" __attribute__((visibility("default"))) const tierlink::LlvmHalf *
tierlink_llvm(const char *interfaceHash) {
  static constexpr tierlink::Half half;
  return std::string_view(interfaceHash) == TIERLINK_INTERFACE_HASH ? &half : nullptr;
}
