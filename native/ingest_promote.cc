// Ingest's third step: names and linkage. A unit can be compiled apart from its module only if whatever it
// refers to has a name outside of the module, and it must be found in the object even if nothing there calls
// it.
#include "ingest_parts.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/IntrinsicInst.h"

namespace tierlink {
namespace {

using llvm::GlobalValue;

std::string uniqueName(llvm::StringRef source, unsigned moduleId) {
  // Symbols that begin with .L are the assembler's own and never reach the symbol table.
  source.consume_front("\01");
  source.consume_front(".L");
  std::string name;
  for (char c : source)
    name += llvm::isAlnum(c) || c == '_' || c == '$' || c == '.' ? c : '_';
  if (name.empty())
    name = "anonymous";
  return name + ".m" + std::to_string(moduleId);
}

Binding bindingOf(const GlobalValue &value) {
  switch (value.getLinkage()) {
  case GlobalValue::AvailableExternallyLinkage:
    return Binding::fallback;
  case GlobalValue::LinkOnceAnyLinkage:
  case GlobalValue::LinkOnceODRLinkage:
  case GlobalValue::WeakAnyLinkage:
  case GlobalValue::WeakODRLinkage:
  case GlobalValue::ExternalWeakLinkage:
    return Binding::weak;
  case GlobalValue::CommonLinkage:
    return Binding::common;
  default:
    return Binding::strong;
  }
}

/// Linkonce is dropped where unused, available_externally is never emitted: their weak twins allow the same
/// optimisations (an ODR body may be inlined, another may not) and stay.
GlobalValue::LinkageTypes keptLinkage(GlobalValue::LinkageTypes linkage) {
  switch (linkage) {
  case GlobalValue::LinkOnceODRLinkage:
  case GlobalValue::AvailableExternallyLinkage:
    return GlobalValue::WeakODRLinkage;
  case GlobalValue::LinkOnceAnyLinkage:
  case GlobalValue::CommonLinkage:
    return GlobalValue::WeakAnyLinkage;
  case GlobalValue::InternalLinkage:
  case GlobalValue::PrivateLinkage:
    return GlobalValue::ExternalLinkage;
  default:
    return linkage;
  }
}

void promote(IngestState &state, GlobalValue &value) {
  Origin &origin = state.origins[&value];
  bool isMarked = origin.promoted;
  bool isPromoted = isMarked || value.hasLocalLinkage() || !value.hasName();
  if (!isMarked)
    origin = {value.getName().str(), bindingOf(value), isPromoted, false};
  value.setLinkage(keptLinkage(value.getLinkage()));
  value.setDLLStorageClass(GlobalValue::DefaultStorageClass);
  value.setPartition("");
  if (isPromoted)
    value.setName(uniqueName(value.getName(), state.moduleId));
  // Hidden says dso_local, and that would pick a cheaper thread-local model than the general one.
  bool isHidden = isPromoted && !value.isThreadLocal() && !value.hasExternalWeakLinkage();
  value.setVisibility(isHidden ? GlobalValue::HiddenVisibility : GlobalValue::DefaultVisibility);
  value.setDSOLocal(isHidden);
}

} // namespace

std::optional<Failure> promoteSymbols(IngestState &state) {
  for (llvm::Function &function : state.module) {
    if (function.isIntrinsic())
      continue;
    promote(state, function);
    // A section that several functions share could only be moved or dropped as a whole.
    if (function.hasSection() && function.getSection().starts_with(".text"))
      function.setSection("");
  }
  for (llvm::GlobalVariable &variable : state.module.globals()) {
    if (variable.getName().starts_with("llvm.")) {
      if (variable.getName() == "llvm.global_ctors" || variable.getName() == "llvm.global_dtors")
        continue;
      return Failure{"unsupported", "a reserved variable of LLVM that tierlink does not know",
                     variable.getName().str()};
    }
    if (variable.hasAppendingLinkage())
      return Failure{"unsupported", "appending linkage", variable.getName().str()};
    if (variable.isThreadLocal())
      variable.setThreadLocalMode(GlobalValue::GeneralDynamicTLSModel);
    variable.clearCodeModel();
    promote(state, variable);
  }
  for (const GlobalValue &value : state.module.global_objects())
    if (value.getName().starts_with(".L"))
      return Failure{"unsupported", "a name that begins with .L can't be exported", value.getName().str()};
  return std::nullopt;
}

} // namespace tierlink
