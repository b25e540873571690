// Which processor functions are compiled for, and what is added to its features or taken away.
#include "compile_parts.h"
#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/TargetParser/SubtargetFeature.h"

namespace tierlink {

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
