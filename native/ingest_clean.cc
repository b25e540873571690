// Ingest's first and fourth steps: what a module says to a static linker and to the loader of a process.
#include "ingest_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Constants.h"

#include <algorithm>

namespace tierlink {
namespace {

/// Lists and payloads for other tools: they hold no program state, and code can't refer to them.
bool isToolData(const llvm::GlobalVariable &variable) {
  llvm::StringRef name = variable.getName();
  llvm::StringRef section = variable.hasSection() ? variable.getSection() : "";
  return name == "llvm.used" || name == "llvm.compiler.used" || name == "llvm.global.annotations" ||
         section == "llvm.metadata" || section == ".llvmbc" || section == ".llvmcmd";
}

void dropToolData(IngestState &state) {
  // The lists first, since they use the others.
  for (bool lists : {true, false}) {
    for (llvm::GlobalVariable &variable : llvm::make_early_inc_range(state.module.globals())) {
      if (!isToolData(variable) || variable.getName().starts_with("llvm.") != lists)
        continue;
      // A body may refer to it, as an annotation does.
      if (state.unread && !lists)
        continue;
      variable.removeDeadConstantUsers();
      if (variable.use_empty())
        variable.eraseFromParent();
    }
  }
}

void setFlags(llvm::Module &module) {
  static constexpr llvm::StringLiteral dropped[] = {
      // Position-independent *executables* get cheaper thread-local models that only the main program may
      // use.
      "PIE Level",
      // Would make every definition that is not dso_local uninlinable.
      "SemanticInterposition",
      // Set per compile, see CompileJob.calls.
      "RtLibUseGOT",
      // Becomes a section of symbol pairs that only a static linker wants.
      "CG Profile",
      "PIC Level",
  };
  if (llvm::NamedMDNode *flags = module.getModuleFlagsMetadata()) {
    llvm::SmallVector<llvm::MDNode *, 16> kept;
    for (llvm::MDNode *flag : flags->operands()) {
      auto *key = flag->getNumOperands() == 3 ? llvm::dyn_cast<llvm::MDString>(flag->getOperand(1)) : nullptr;
      if (key == nullptr || !llvm::is_contained(dropped, key->getString()))
        kept.push_back(flag);
    }
    flags->clearOperands();
    for (llvm::MDNode *flag : kept)
      flags->addOperand(flag);
  }
  module.setPICLevel(llvm::PICLevel::BigPIC);
  for (const char *name : {"llvm.linker.options", "llvm.dependent-libraries"})
    if (llvm::NamedMDNode *node = module.getNamedMetadata(name))
      module.eraseNamedMetadata(node);
}

void dropComdats(llvm::Module &module) {
  for (llvm::GlobalObject &object : module.global_objects())
    object.setComdat(nullptr);
  module.getComdatSymbolTable().clear();
}

/// "\01name" tells the mangler to take the rest as it is; for ELF on x86-64 that is the plain name.
std::optional<Failure> unescapeNames(llvm::Module &module) {
  llvm::SmallVector<llvm::GlobalValue *, 8> escaped;
  for (llvm::GlobalValue &value : module.global_values())
    if (value.getName().starts_with("\01"))
      escaped.push_back(&value);
  for (llvm::GlobalValue *value : escaped) {
    std::string plain = value->getName().drop_front().str();
    llvm::GlobalValue *other = module.getNamedValue(plain);
    if (other == nullptr || other == value) {
      value->setName(plain);
      continue;
    }
    if (other->hasLocalLinkage()) {
      other->setName(plain + ".local");
      value->setName(plain);
      continue;
    }
    // Both spellings mean one symbol.
    if (!value->isDeclaration() && !other->isDeclaration())
      return Failure{"unsupported", "defined twice, once under an escaped name", plain};
    llvm::GlobalValue *kept = value->isDeclaration() ? other : value;
    llvm::GlobalValue *merged = kept == other ? value : other;
    if (kept->getType() != merged->getType())
      return Failure{"unsupported", "declared in two address spaces", plain};
    merged->replaceAllUsesWith(kept);
    merged->eraseFromParent();
    kept->setName(plain);
  }
  return std::nullopt;
}

std::vector<StructorFact> takeList(llvm::Module &module, llvm::StringRef name) {
  std::vector<StructorFact> facts;
  llvm::GlobalVariable *list = module.getNamedGlobal(name);
  if (list == nullptr)
    return facts;
  if (list->hasInitializer()) {
    if (auto *entries = llvm::dyn_cast<llvm::ConstantArray>(list->getInitializer())) {
      for (llvm::Value *entry : entries->operands()) {
        auto *fields = llvm::dyn_cast<llvm::ConstantStruct>(entry);
        auto *priority = fields ? llvm::dyn_cast<llvm::ConstantInt>(fields->getOperand(0)) : nullptr;
        auto *function =
            fields ? llvm::dyn_cast<llvm::GlobalValue>(fields->getOperand(1)->stripPointerCasts()) : nullptr;
        if (priority != nullptr && function != nullptr)
          facts.push_back({function, priority->getZExtValue()});
      }
    }
  }
  list->eraseFromParent();
  std::ranges::stable_sort(facts, {}, &StructorFact::priority);
  return facts;
}

} // namespace

std::optional<Failure> cleanModule(IngestState &state) {
  dropToolData(state);
  setFlags(state.module);
  dropComdats(state.module);
  if (!state.module.getModuleInlineAsm().empty())
    state.pin("it has module-level inline assembly, which may define symbols or state");
  return unescapeNames(state.module);
}

void takeStructors(IngestState &state) {
  state.constructors = takeList(state.module, "llvm.global_ctors");
  state.destructors = takeList(state.module, "llvm.global_dtors");
}

} // namespace tierlink
