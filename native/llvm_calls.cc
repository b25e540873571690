// Reads calls from the canonical IR of a module, of which all of its tiers are made.
#include "llvm_calls.h"

#include "compile_modules.h"
#include "llvm_guard.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/GlobalIFunc.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/IntrinsicInst.h"

#include <set>

namespace tierlink {
namespace {

/// Intrinsics that become calls of something that only their arguments or attributes name.
bool isOpenIntrinsic(const llvm::CallBase &call, const llvm::Function &callee) {
  constexpr llvm::StringRef families[] = {"llvm.coro.",   "llvm.experimental.",   "llvm.objc.",
                                          "llvm.call.",   "llvm.init.trampoline", "llvm.adjust.trampoline",
                                          "llvm.eh.sjlj."};
  return call.hasFnAttr("trap-func-name") ||
         llvm::any_of(families, [&](llvm::StringRef family) { return callee.getName().starts_with(family); });
}

/// What code generation adds calls of.
bool hasOpenAttribute(const llvm::Function &function) {
  constexpr llvm::StringRef attributes[] = {"fentry-call",
                                            "instrument-function-entry",
                                            "instrument-function-entry-inlined",
                                            "instrument-function-exit",
                                            "instrument-function-exit-inlined",
                                            "probe-stack",
                                            "split-stack"};
  return function.hasGC() || llvm::any_of(attributes, [&](llvm::StringRef attribute) {
           return function.hasFnAttribute(attribute);
         });
}

/// False if a call leads who knows where.
bool addCall(const llvm::CallBase &call, std::set<llvm::StringRef> &callees) {
  if (const auto *assembly = llvm::dyn_cast<llvm::InlineAsm>(call.getCalledOperand()))
    return assembly->getAsmString().empty() && !llvm::isa<llvm::CallBrInst>(call);
  const auto *callee = llvm::dyn_cast<llvm::GlobalValue>(call.getCalledOperand()->stripPointerCasts());
  if (callee == nullptr || llvm::isa<llvm::GlobalIFunc>(callee))
    return false;
  const auto *function = llvm::dyn_cast<llvm::Function>(callee);
  if (function != nullptr && function->isIntrinsic())
    return !isOpenIntrinsic(call, *function);
  callees.insert(callee->getName());
  return true;
}

FunctionCalls callsOf(const llvm::Function &function) {
  FunctionCalls calls{function.getName().str(), hasOpenAttribute(function), {}};
  std::set<llvm::StringRef> callees;
  for (const llvm::Instruction &instruction : llvm::instructions(function)) {
    const auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    calls.isOpen = calls.isOpen || (call != nullptr && !addCall(*call, callees));
  }
  if (!calls.isOpen)
    calls.callees.assign(callees.begin(), callees.end());
  return calls;
}

std::variant<std::vector<FunctionCalls>, Failure> readAll(std::string_view code) {
  auto bitcode = std::make_shared<SharedBitcode>();
  bitcode->bytes = code;
  Workspace workspace;
  auto loaded = workspace.load(bitcode);
  if (auto *failure = std::get_if<Failure>(&loaded))
    return std::move(*failure);
  LazyModule &module = *std::get<LazyModule *>(loaded);
  std::vector<FunctionCalls> all;
  for (llvm::Function &function : module.module()) {
    if (function.isDeclaration())
      continue;
    // What can't be read can't be compiled either.
    if (module.read(function))
      all.push_back({function.getName().str(), true, {}});
    else
      all.push_back(callsOf(function));
  }
  return all;
}

} // namespace

std::variant<std::vector<FunctionCalls>, Failure> readCalls(std::string_view code) {
  SignalStack signalStack;
  std::variant<std::vector<FunctionCalls>, Failure> result;
  auto crash = runGuarded([&] { result = readAll(code); });
  if (crash)
    return Failure{"crash", *crash, ""};
  return result;
}

} // namespace tierlink
