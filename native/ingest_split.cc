// Ingest's fifth step: state and code part company. Variables are compiled and placed once, in the data
// module; code is compiled as often as the tiers like and only declares them, so that recompiling never
// touches state.
#include "ingest_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/Transforms/Utils/GlobalStatus.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

#include <set>

namespace tierlink {
namespace {

using llvm::GlobalValue;
using llvm::GlobalVariable;

/// Larger constants are not offered to the optimiser: every compile would read them again.
constexpr uint64_t foldableBytes = 64ull * 1024;

bool hasLabels(const llvm::Module &module) {
  return llvm::any_of(module, [](const llvm::Function &function) {
    return llvm::any_of(function, [](const llvm::BasicBlock &block) { return block.hasAddressTaken(); });
  });
}

/// Whether a part of the value has a property, without going through another variable.
bool holds(const llvm::Constant &root, llvm::function_ref<bool(const llvm::Constant &)> property) {
  llvm::SmallPtrSet<const llvm::Constant *, 16> seen;
  llvm::SmallVector<const llvm::Constant *, 16> pending{&root};
  while (!pending.empty()) {
    const llvm::Constant *constant = pending.pop_back_val();
    if (property(*constant))
      return true;
    if (llvm::isa<GlobalValue>(constant) || !seen.insert(constant).second)
      continue;
    for (const llvm::Use &operand : constant->operands())
      if (auto *inner = llvm::dyn_cast<llvm::Constant>(operand))
        pending.push_back(inner);
  }
  return false;
}

bool holdsLabels(const llvm::Constant &root) {
  return holds(root, [](const llvm::Constant &part) { return llvm::isa<llvm::BlockAddress>(part); });
}

bool holdsDistances(const llvm::Constant &root) {
  return holds(root, [](const llvm::Constant &part) {
    auto *expression = llvm::dyn_cast<llvm::ConstantExpr>(&part);
    return expression != nullptr && expression->getOpcode() == llvm::Instruction::Sub;
  });
}

/// Whether the initialiser of a variable that is not in `withCode` refers to `table`.
bool isReferredToByData(const GlobalVariable &table,
                        const llvm::SmallPtrSetImpl<GlobalVariable *> &withCode) {
  llvm::SmallPtrSet<const llvm::User *, 16> seen;
  llvm::SmallVector<const llvm::User *, 16> pending(table.users());
  while (!pending.empty()) {
    const llvm::User *user = pending.pop_back_val();
    if (!llvm::isa<llvm::Constant>(user) || llvm::isa<llvm::Function>(user) || !seen.insert(user).second)
      continue;
    if (auto *variable = llvm::dyn_cast<GlobalVariable>(user)) {
      if (!withCode.contains(variable))
        return true;
      continue;
    }
    llvm::append_range(pending, user->users());
  }
  return false;
}

/// Tables of labels are mostly written `static void *table[]`, without a const, and then only read.
bool isOnlyRead(const GlobalVariable &variable, const Origin &origin) {
  llvm::GlobalStatus status;
  return origin.promoted && !variable.isThreadLocal() && !variable.isExternallyInitialized() &&
         !llvm::GlobalStatus::analyzeGlobal(&variable, status) &&
         status.StoredType == llvm::GlobalStatus::NotStored;
}

/// A label has an address in one version of its function only, so what holds labels goes with the code.
llvm::SmallPtrSet<GlobalVariable *, 8> keepLabelTables(IngestState &state) {
  llvm::SmallPtrSet<GlobalVariable *, 8> withCode;
  if (!hasLabels(state.module))
    return withCode;
  for (GlobalVariable &variable : state.module.globals())
    if (variable.hasInitializer() && holdsLabels(*variable.getInitializer()))
      withCode.insert(&variable);
  for (GlobalVariable &variable : state.module.globals()) {
    if (!withCode.contains(&variable))
      continue;
    Origin &origin = state.origins[&variable];
    origin.placedWithCode = true;
    if (!variable.isConstant() && isOnlyRead(variable, origin))
      variable.setConstant(true);
    if (!variable.isConstant())
      state.pin("variable '" + origin.sourceName + "' holds labels and can change");
    else if (isReferredToByData(variable, withCode))
      state.pin("label table '" + origin.sourceName + "' is referred to by data");
    else {
      // Each version has a table of its own; no name of it may leave the object.
      variable.setVisibility(GlobalValue::DefaultVisibility);
      variable.setLinkage(GlobalValue::PrivateLinkage);
    }
  }
  return withCode;
}

/// Declares in the data module what initialisers refer to.
class Declarer : public llvm::ValueMaterializer {
public:
  explicit Declarer(llvm::Module &data) : data_(data) {}

  llvm::Value *materialize(llvm::Value *value) override {
    auto *original = llvm::dyn_cast<llvm::GlobalObject>(value);
    if (original == nullptr || original->getParent() == &data_)
      return nullptr;
    llvm::GlobalObject *declaration;
    auto linkage =
        original->hasExternalWeakLinkage() ? GlobalValue::ExternalWeakLinkage : GlobalValue::ExternalLinkage;
    if (auto *function = llvm::dyn_cast<llvm::Function>(original)) {
      declaration = llvm::Function::Create(function->getFunctionType(), linkage, function->getAddressSpace(),
                                           function->getName(), &data_);
    } else {
      auto *variable = llvm::cast<GlobalVariable>(original);
      declaration = new GlobalVariable(data_, variable->getValueType(), variable->isConstant(), linkage,
                                       nullptr, variable->getName(), nullptr, variable->getThreadLocalMode(),
                                       variable->getAddressSpace());
    }
    declaration->setVisibility(original->getVisibility());
    declaration->setDSOLocal(original->isDSOLocal());
    return declaration;
  }

private:
  llvm::Module &data_;
};

GlobalVariable *createInData(llvm::Module &data, const GlobalVariable &original) {
  auto *copy = new GlobalVariable(data, original.getValueType(), original.isConstant(), original.getLinkage(),
                                  nullptr, original.getName(), nullptr, original.getThreadLocalMode(),
                                  original.getAddressSpace(), original.isExternallyInitialized());
  copy->copyAttributesFrom(&original);
  return copy;
}

void declareInCode(GlobalVariable &variable) {
  bool isFoldable = variable.isConstant() && !variable.isThreadLocal() &&
                    variable.hasDefinitiveInitializer() &&
                    variable.getDataLayout().getTypeAllocSize(variable.getValueType()) <= foldableBytes;
  variable.eraseMetadata(llvm::LLVMContext::MD_associated);
  variable.setSection("");
  if (isFoldable) {
    variable.setLinkage(GlobalValue::AvailableExternallyLinkage);
    return;
  }
  variable.setInitializer(nullptr);
  variable.setExternallyInitialized(false);
  variable.setLinkage(GlobalValue::ExternalLinkage);
}

using Variables = llvm::SmallVector<GlobalVariable *, 32>;

/// Those that don't stay with the code.
Variables findMoved(IngestState &state) {
  auto withCode = keepLabelTables(state);
  Variables moved;
  for (GlobalVariable &variable : state.module.globals())
    if (!variable.isDeclaration() && !withCode.contains(&variable))
      moved.push_back(&variable);
  return moved;
}

} // namespace

bool hasLabelVariables(const llvm::Module &module) {
  return llvm::any_of(module.globals(), [](const GlobalVariable &variable) {
    return !variable.isConstant() && variable.hasInitializer() && holdsLabels(*variable.getInitializer());
  });
}

std::unique_ptr<llvm::Module> splitData(IngestState &state) {
  const Variables moved = findMoved(state);
  if (moved.empty())
    return nullptr;

  auto data = std::make_unique<llvm::Module>(state.module.getModuleIdentifier(), state.module.getContext());
  // Without the name of the source, so that the same variables are the same bytes.
  data->setTargetTriple(state.module.getTargetTriple());
  data->setDataLayout(state.module.getDataLayout());
  data->setPICLevel(llvm::PICLevel::BigPIC);

  llvm::ValueToValueMapTy map;
  for (GlobalVariable *variable : moved)
    map[variable] = createInData(*data, *variable);
  Declarer declarer(*data);
  for (GlobalVariable *variable : moved) {
    state.distances = state.distances || holdsDistances(*variable->getInitializer());
    llvm::Constant *value =
        llvm::MapValue(variable->getInitializer(), map, llvm::RF_None, nullptr, &declarer);
    llvm::cast<GlobalVariable>(map[variable])->setInitializer(value);
  }
  for (GlobalVariable *variable : moved)
    declareInCode(*variable);
  return data;
}

void dropData(IngestState &state) {
  for (GlobalVariable *variable : findMoved(state))
    declareInCode(*variable);
}

void dropUnusedDeclarations(llvm::Module &module) {
  // Dropping a constant may leave what its initialiser named without users, hence the rounds.
  bool changed = true;
  while (changed) {
    changed = false;
    for (llvm::GlobalObject &object : llvm::make_early_inc_range(module.global_objects())) {
      if (!object.isDeclarationForLinker())
        continue;
      object.removeDeadConstantUsers();
      if (!object.use_empty())
        continue;
      object.eraseFromParent();
      changed = true;
    }
  }
}

} // namespace tierlink
