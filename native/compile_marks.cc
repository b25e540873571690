// Linkage marks: which symbols code may reach by a displacement, and which through the offset table.
#include "compile_parts.h"
#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <array>

namespace tierlink {
namespace {

using llvm::GlobalValue;

/// Near: within 2 GiB, so code addresses it relative to itself. Far: by way of the GOT.
void setReach(GlobalValue &value, bool isNear) {
  // A weak reference that turns out to be near is defined, so no longer weak; hidden would not go with it.
  if (isNear && value.hasExternalWeakLinkage())
    value.setLinkage(GlobalValue::ExternalLinkage);
  value.setVisibility(isNear ? GlobalValue::HiddenVisibility : GlobalValue::DefaultVisibility);
  value.setDSOLocal(isNear);
}

bool isIn(const NameSet &names, llvm::StringRef name) { return names.contains(std::string_view(name)); }

} // namespace

void markCode(llvm::Module &module, CallForm calls, const NameSet &near) {
  bool isIndirect = calls == CallForm::indirect;
  for (llvm::Function &function : module) {
    // Functions that the passes made (parts of a coroutine, say) belong to this version alone.
    if (function.isIntrinsic() || function.hasLocalLinkage())
      continue;
    function.removeFnAttr(llvm::Attribute::NonLazyBind);
    if (isIndirect) {
      setReach(function, false);
      function.addFnAttr(llvm::Attribute::NonLazyBind);
    } else {
      setReach(function, !function.isDeclaration() || isIn(near, function.getName()));
    }
  }
  for (llvm::GlobalVariable &variable : module.globals()) {
    if (variable.hasLocalLinkage())
      continue;
    // Near or not, a thread-local is reached by the general-dynamic model; dso_local would choose another.
    bool isOwn = !variable.isDeclarationForLinker();
    // Cells lie in the engine's data, wherever the job's names were taken from.
    bool isCell = llvm::any_of(std::array{counterPrefix, loopCellPrefix, profilePrefix},
                               [&](auto prefix) { return variable.getName().starts_with(prefix); });
    setReach(variable, !variable.isThreadLocal() && (isOwn || isCell || isIn(near, variable.getName())));
  }
  // Calls that code generation itself makes up (memcpy, integer division) have no declaration to mark.
  if (isIndirect)
    module.setRtLibUseGOT();
}

void markData(llvm::Module &module) {
  for (llvm::GlobalVariable &variable : module.globals())
    if (!variable.isDeclaration() && !variable.hasLocalLinkage())
      setReach(variable, !variable.isThreadLocal());
}

void setHostCpu(llvm::Module &module) {
  const HostCpu &cpu = hostCpu();
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", cpu.name);
    function.addFnAttr("target-features", cpu.features);
    function.removeFnAttr("tune-cpu");
  }
}

std::optional<Failure> setFeatures(llvm::Module &module, llvm::StringRef features) {
  if (features.empty())
    return std::nullopt;
  const llvm::SubtargetFeatures host(hostCpu().features);
  llvm::SmallVector<llvm::StringRef, 4> wanted;
  features.split(wanted, ',');
  for (llvm::StringRef feature : wanted) {
    llvm::StringRef name = llvm::SubtargetFeatures::StripFlag(feature);
    if (!llvm::SubtargetFeatures::hasFlag(feature) || !isTargetFeature(name))
      return Failure{"compile", "feature '" + feature.str() + "' is not one of LLVM's, with + or -", ""};
    // Those that only say how to tune are nothing that a machine has.
    if (llvm::SubtargetFeatures::isEnabled(feature) &&
        llvm::is_contained(host.getFeatures(), "-" + name.str()))
      return Failure{"compile", "this machine does not have the feature '" + name.str() + "'", ""};
  }
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    std::string own = function.getFnAttribute("target-features").getValueAsString().str();
    // Of contradictions the last one counts.
    function.addFnAttr("target-features", own.empty() ? features.str() : own + "," + features.str());
  }
  return std::nullopt;
}

} // namespace tierlink
