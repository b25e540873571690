// Ingest's second step: aliases and ifuncs become facts of the summary; code refers to what they stand for.
#include "ingest_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalAlias.h"
#include "llvm/IR/GlobalIFunc.h"

namespace tierlink {
namespace {

/// A declaration that takes over name and uses of `value`.
llvm::GlobalValue *replaceByDeclaration(llvm::GlobalValue &value, const llvm::Function *like) {
  llvm::Module &module = *value.getParent();
  llvm::GlobalValue *declaration;
  if (auto *type = llvm::dyn_cast<llvm::FunctionType>(value.getValueType())) {
    auto *function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, value.getAddressSpace(),
                                            "", &module);
    // Attributes decide how narrow integers are passed, and so the signature in the summary.
    if (like != nullptr && like->getFunctionType() == type)
      function->setAttributes(like->getAttributes());
    declaration = function;
  } else {
    declaration = new llvm::GlobalVariable(module, value.getValueType(), /*isConstant=*/false,
                                           llvm::GlobalValue::ExternalLinkage, nullptr, "", nullptr,
                                           value.getThreadLocalMode(), value.getAddressSpace());
  }
  declaration->takeName(&value);
  value.replaceAllUsesWith(declaration);
  return declaration;
}

std::optional<Failure> replaceIfunc(IngestState &state, llvm::GlobalIFunc &ifunc) {
  llvm::Function *resolver = ifunc.getResolverFunction();
  if (resolver == nullptr)
    return Failure{"unsupported", "ifunc without a function as its resolver", ifunc.getName().str()};
  bool isLocal = ifunc.hasLocalLinkage();
  auto *placeholder = llvm::cast<llvm::Function>(replaceByDeclaration(ifunc, nullptr));
  // Local linkage is refused on declarations; promoteSymbols renames by this mark instead.
  if (isLocal)
    state.origins[placeholder] = {placeholder->getName().str(), Binding::strong, /*promoted=*/true, false};
  state.ifuncs.push_back({placeholder, resolver});
  ifunc.eraseFromParent();
  return std::nullopt;
}

std::optional<Failure> replaceAlias(IngestState &state, llvm::GlobalAlias &alias) {
  const llvm::DataLayout &layout = state.module.getDataLayout();
  llvm::Constant *aliasee = alias.getAliasee();
  llvm::APInt offset(layout.getIndexTypeSizeInBits(alias.getType()), 0);
  auto *target = llvm::dyn_cast<llvm::GlobalValue>(
      aliasee->stripAndAccumulateConstantOffsets(layout, offset, /*AllowNonInbounds=*/true));
  // An alias of a weak alias: what it stands for is decided at link time, so nothing can be put in its place
  // here.
  while (auto *inner = llvm::dyn_cast_or_null<llvm::GlobalAlias>(target))
    target = llvm::dyn_cast<llvm::GlobalValue>(
        inner->getAliasee()->stripAndAccumulateConstantOffsets(layout, offset, /*AllowNonInbounds=*/true));
  if (target == nullptr || aliasee->getType() != alias.getType())
    return Failure{"unsupported", "alias of something that is not a symbol plus an offset",
                   alias.getName().str()};
  bool isWeak = alias.isInterposable() || alias.hasLinkOnceLinkage() || alias.hasWeakLinkage();
  if (!alias.hasLocalLinkage())
    state.aliases.push_back(
        {alias.getName().str(), target, offset.getSExtValue(), isWeak ? Binding::weak : Binding::strong});
  // A weak alias may be overridden by another module: its users have to go through the name.
  if (alias.isInterposable())
    replaceByDeclaration(alias, llvm::dyn_cast<llvm::Function>(target));
  else
    alias.replaceAllUsesWith(aliasee);
  alias.eraseFromParent();
  return std::nullopt;
}

} // namespace

std::optional<Failure> resolveAliases(IngestState &state) {
  for (llvm::GlobalIFunc &ifunc : llvm::make_early_inc_range(state.module.ifuncs()))
    if (auto failure = replaceIfunc(state, ifunc))
      return failure;
  // Replacing one rewrites the aliasees of those that name it, so aliases of aliases need no order.
  for (llvm::GlobalAlias &alias : llvm::make_early_inc_range(state.module.aliases()))
    if (auto failure = replaceAlias(state, alias))
      return failure;
  return std::nullopt;
}

} // namespace tierlink
