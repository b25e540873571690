// The one door of tierlink_llvm.so.
#include "compile.h"
#include "ingest.h"
#include "llvm_interface.h"

#include <string_view>

namespace tierlink {
namespace {

class Half final : public LlvmHalf {
public:
  std::variant<Ingested, Failure> ingest(std::string_view bytes, InputFormat format, unsigned moduleId,
                                         std::string_view name) const override {
    return tierlink::ingest(bytes, format, moduleId, name);
  }
  std::variant<ObjectBytes, Failure> compile(const CompileJob &job) const override {
    return tierlink::compile(job);
  }
};

} // namespace
} // namespace tierlink

extern "C" __attribute__((visibility("default"))) const tierlink::LlvmHalf *
tierlink_llvm(const char *interfaceHash) {
  static constexpr tierlink::Half half;
  return std::string_view(interfaceHash) == TIERLINK_INTERFACE_HASH ? &half : nullptr;
}
