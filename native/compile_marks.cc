// Linkage marks: which symbols code may reach by a displacement, and which through the offset table.
#include "compile_parts.h"

#include "llvm/ADT/STLExtras.h"

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

} // namespace tierlink
