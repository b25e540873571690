// Clones bodies, and declares on demand whatever they refer to: the cost is that of the bodies, however large
// the module is that they come from.
#include "compile_extract.h"

#include "compile_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

namespace tierlink {
namespace {

using llvm::Function;
using llvm::GlobalValue;
using llvm::GlobalVariable;

/// The values of constants that one extraction may bring along: the first ones that are reached.
constexpr uint64_t constantsBytes = 256ull * 1024;

/// Named metadata that is read from the module while code is generated. Not llvm.ident, which becomes a
/// section.
constexpr llvm::StringLiteral keptMetadata[] = {"llvm.module.flags", "llvm.errno.tbaa"};

/// What may be shared between two modules of one context: all that names no function or variable.
bool isShared(const llvm::Metadata *metadata) {
  auto *node = llvm::dyn_cast<llvm::MDNode>(metadata);
  if (node == nullptr)
    return false;
  if (!llvm::isa<llvm::MDTuple>(node))
    return true;
  return llvm::none_of(node->operands(), [](const llvm::MDOperand &operand) {
    auto *constant = llvm::dyn_cast_or_null<llvm::ConstantAsMetadata>(operand.get());
    return constant != nullptr && !llvm::isa<llvm::ConstantData>(constant->getValue());
  });
}

class Extraction final : public llvm::ValueMaterializer {
public:
  Extraction(const LazyModule &source, const ExtractRequest &request)
      : source_(source.module()), request_(request),
        module_(std::make_unique<llvm::Module>(source_.getModuleIdentifier(), source_.getContext())) {}

  std::variant<std::unique_ptr<llvm::Module>, Failure> run() {
    copyFrame();
    for (Function *function : request_.functions)
      define(*function);
    for (Function *function : request_.imports)
      define(*function);
    for (Function *function : request_.functions)
      copyBody(*function);
    for (Function *function : request_.imports) {
      copyBody(*function);
      llvm::cast<Function>(map_[function])->addFnAttr(importAttribute);
    }
    // Labels need the bodies; and a value may lead to further ones.
    while (!pending_.empty())
      copyValue(*pending_.pop_back_val());
    if (failure_)
      return std::move(*failure_);
    return std::move(module_);
  }

  /// Called for all that is not known yet, constants included.
  llvm::Value *materialize(llvm::Value *value) override {
    if (auto *label = llvm::dyn_cast<llvm::BlockAddress>(value)) {
      // Left alone, it would go on to name a block of the source module.
      auto *copy = llvm::cast_or_null<Function>(map_.lookup(label->getFunction()));
      if (copy != nullptr && !copy->isDeclaration())
        return nullptr;
      failure_ = Failure{"unsupported", "a label is used outside of its function",
                         label->getFunction()->getName().str()};
      return llvm::Constant::getNullValue(label->getType());
    }
    auto *global = llvm::dyn_cast<GlobalValue>(value);
    if (global == nullptr || global->getParent() == module_.get())
      return nullptr;
    // Another module may have referred to it already: a name stands for the same in all of them.
    if (!global->hasLocalLinkage())
      if (GlobalValue *known = module_->getNamedValue(global->getName()))
        return known;
    if (auto *type = llvm::dyn_cast<llvm::FunctionType>(global->getValueType()))
      return declareFunction(*global, *type);
    return declareVariable(*global);
  }

private:
  void copyFrame() {
    module_->setSourceFileName(source_.getSourceFileName());
    module_->setTargetTriple(source_.getTargetTriple());
    module_->setDataLayout(source_.getDataLayout());
    for (llvm::StringRef name : keptMetadata)
      if (llvm::NamedMDNode *node = source_.getNamedMetadata(name))
        for (llvm::MDNode *operand : node->operands())
          module_->getOrInsertNamedMetadata(name)->addOperand(operand);
  }

  void define(const Function &original) {
    auto *copy = Function::Create(original.getFunctionType(), original.getLinkage(),
                                  original.getAddressSpace(), original.getName(), module_.get());
    map_[&original] = copy;
    for (const auto &[from, to] : llvm::zip(original.args(), copy->args()))
      map_[&from] = &to;
  }

  void copyBody(const Function &original) {
    auto *copy = llvm::cast<Function>(map_[&original]);
    llvm::SmallVector<llvm::ReturnInst *, 8> returns;
    llvm::CloneFunctionAttributesInto(copy, &original, map_, /*ModuleLevelChanges=*/true, nullptr, this);
    llvm::CloneFunctionMetadataInto(*copy, original, map_, llvm::RF_None, nullptr, this, &shared_);
    llvm::CloneFunctionBodyInto(*copy, original, map_, llvm::RF_None, returns, "", nullptr, nullptr, this,
                                &shared_);
    copy->setComdat(nullptr);
    // Where the functions that are compiled have none, what they inline needs none.
    if (source_.getNamedMetadata("llvm.dbg.cu") == nullptr)
      llvm::stripDebugInfo(*copy);
    else if (const llvm::DISubprogram *subprogram = original.getSubprogram())
      addUnits(original, subprogram);
  }

  /// Code generation describes what belongs to the units that the module lists.
  void addUnits(const Function &original, const llvm::DISubprogram *subprogram) {
    addUnit(subprogram->getUnit());
    if (original.getParent()->getNamedMetadata("llvm.dbg.cu")->getNumOperands() == 1)
      return;
    for (const llvm::BasicBlock &block : original)
      for (const llvm::Instruction &instruction : block)
        for (const llvm::DILocation *place = instruction.getDebugLoc(); place != nullptr;
             place = place->getInlinedAt())
          addUnit(place->getScope()->getSubprogram()->getUnit());
  }

  void addUnit(llvm::DICompileUnit *unit) {
    if (unit != nullptr && units_.insert(unit).second)
      module_->getOrInsertNamedMetadata("llvm.dbg.cu")->addOperand(unit);
  }

  static GlobalValue::LinkageTypes declaredLinkage(const GlobalValue &original) {
    return original.hasExternalWeakLinkage() ? GlobalValue::ExternalWeakLinkage
                                             : GlobalValue::ExternalLinkage;
  }

  Function *declareFunction(const GlobalValue &original, llvm::FunctionType &type) {
    auto *copy = Function::Create(&type, declaredLinkage(original), original.getAddressSpace(),
                                  original.getName(), module_.get());
    if (auto *function = llvm::dyn_cast<Function>(&original)) {
      // Not all that a definition has: its personality and such are constants of the other module.
      copy->setAttributes(function->getAttributes());
      copy->setCallingConv(function->getCallingConv());
      if (function->isDeclaration())
        copy->copyMetadata(function, /*Offset=*/0);
    }
    return settle(*copy, original);
  }

  template <class Global> static Global *settle(Global &copy, const GlobalValue &original) {
    copy.setVisibility(original.getVisibility());
    copy.setDSOLocal(original.isDSOLocal());
    copy.setUnnamedAddr(original.getUnnamedAddr());
    return &copy;
  }

  GlobalVariable *declareVariable(const GlobalValue &original) {
    auto *variable = llvm::dyn_cast<GlobalVariable>(&original);
    auto *copy =
        new GlobalVariable(*module_, original.getValueType(), variable != nullptr && variable->isConstant(),
                           declaredLinkage(original), nullptr, original.getName(), nullptr,
                           original.getThreadLocalMode(), original.getAddressSpace());
    if (variable == nullptr)
      return settle(*copy, original);
    copy->copyAttributesFrom(variable);
    if (variable->hasInitializer() && (variable->hasLocalLinkage() || request_.withConstants))
      pending_.push_back(variable);
    return copy;
  }

  void copyValue(const GlobalVariable &original) {
    // Label tables are part of the code; all other values are only offered.
    if (!original.hasLocalLinkage()) {
      uint64_t size = module_->getDataLayout().getTypeAllocSize(original.getValueType());
      if (size > constantsLeft_)
        return;
      constantsLeft_ -= size;
    }
    auto *copy = llvm::cast<GlobalVariable>(map_[&original]);
    copy->setInitializer(
        llvm::MapValue(original.getInitializer(), map_, llvm::RF_None, nullptr, this, &shared_));
    copy->setLinkage(original.getLinkage());
  }

  llvm::Module &source_;
  const ExtractRequest &request_;
  std::unique_ptr<llvm::Module> module_;
  llvm::ValueToValueMapTy map_;
  const llvm::MetadataPredicate shared_ = isShared;
  llvm::SmallVector<const GlobalVariable *, 16> pending_;
  llvm::SmallPtrSet<const llvm::DICompileUnit *, 4> units_;
  uint64_t constantsLeft_ = constantsBytes;
  std::optional<Failure> failure_;
};

} // namespace

void dropImports(llvm::Module &module) {
  for (Function &function : module) {
    if (!function.hasFnAttribute(importAttribute))
      continue;
    if (!function.isDeclaration())
      function.deleteBody();
    function.removeFnAttr(importAttribute);
  }
}

std::variant<std::unique_ptr<llvm::Module>, Failure> extract(const LazyModule &source,
                                                             const ExtractRequest &request) {
  return Extraction(source, request).run();
}

} // namespace tierlink
