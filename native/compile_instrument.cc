// Puts LLVM's edge and value counters into functions, and lowers them: to plain increments of cells that the
// linker makes room for, with no record, name or runtime of LLVM's.
#include "compile_parts.h"
#include "compile_profile.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/ProfileData/InstrProf.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Transforms/Instrumentation/PGOInstrumentation.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

#include <algorithm>

namespace tierlink {
namespace {

using llvm::Function;
using llvm::GlobalVariable;
using llvm::Value;

/// Words of one site: value and count, eight times; as value_sites.cc and src/profile/cells.ts have it.
constexpr uint64_t siteWords = 16;

/// Kinds of values, as LLVM numbers them.
constexpr uint64_t callKind = llvm::IPVK_IndirectCallTarget;
constexpr uint64_t sizeKind = llvm::IPVK_MemOPSize;

/// What is counted of one function.
struct Counted {
  uint64_t hash = 0;
  uint64_t counters = 0;
  uint64_t sites[2] = {0, 0};
  GlobalVariable *cells = nullptr;
};

class Lowering {
public:
  explicit Lowering(llvm::Module &module)
      : module_(module), word_(llvm::Type::getInt64Ty(module.getContext())) {}

  void run() {
    collect();
    for (auto &[name, counted] : functions_)
      counted.cells = declareCells(llvm::getPGOFuncNameVarInitializer(name), counted);
    for (Function *function : changed_)
      settle(*function);
    for (llvm::InstrProfInstBase *instruction : instructions_)
      lower(*instruction);
    for (auto &[name, counted] : functions_)
      drop(name);
    drop(module_.getNamedGlobal("__llvm_profile_raw_version"));
  }

private:
  void collect() {
    for (Function &function : module_)
      for (llvm::BasicBlock &block : function)
        for (llvm::Instruction &instruction : block)
          if (auto *counting = llvm::dyn_cast<llvm::InstrProfInstBase>(&instruction)) {
            instructions_.push_back(counting);
            changed_.insert(&function);
            note(*counting);
          }
  }

  void note(const llvm::InstrProfInstBase &counting) {
    Counted &counted = functions_[counting.getName()];
    counted.hash = counting.getHash()->getZExtValue();
    if (auto *increment = llvm::dyn_cast<llvm::InstrProfIncrementInst>(&counting)) {
      counted.counters = increment->getNumCounters()->getZExtValue();
    } else if (auto *value = llvm::dyn_cast<llvm::InstrProfValueProfileInst>(&counting)) {
      uint64_t kind = value->getValueKind()->getZExtValue();
      if (kind <= sizeKind)
        counted.sites[kind] = std::max(counted.sites[kind], value->getIndex()->getZExtValue() + 1);
    }
  }

  GlobalVariable *declareCells(llvm::StringRef function, const Counted &counted) {
    std::string name =
        llvm::formatv("{0}{1:x-}.{2}.{3}.{4}.{5}", profilePrefix, counted.hash, counted.counters,
                      counted.sites[callKind], counted.sites[sizeKind], function);
    uint64_t words = counted.counters + ((counted.sites[callKind] + counted.sites[sizeKind]) * siteWords);
    auto *cells =
        llvm::cast<GlobalVariable>(module_.getOrInsertGlobal(name, llvm::ArrayType::get(word_, words)));
    cells->setVisibility(llvm::GlobalValue::HiddenVisibility);
    cells->setDSOLocal(true);
    cells->setAlignment(llvm::Align(8));
    return cells;
  }

  static void settle(Function &function) {
    gatherStackSlots(function);
    // No longer true of a function that counts; left in, calls to it could be dropped or hoisted.
    function.removeFnAttr(llvm::Attribute::Memory);
    function.removeFnAttr(llvm::Attribute::Speculatable);
  }

  /// Not atomic on purpose: a count that is lost changes nothing but the profile, a locked one would cost
  /// several times as much as all else here.
  void increment(llvm::IRBuilder<> &builder, Value *cell, Value *step) {
    Value *before = builder.CreateAlignedLoad(word_, cell, llvm::Align(8));
    builder.CreateAlignedStore(builder.CreateAdd(before, step), cell, llvm::Align(8));
  }

  void lower(llvm::InstrProfInstBase &counting) {
    const Counted &counted = functions_[counting.getName()];
    llvm::IRBuilder<> builder(&counting);
    if (auto *plain = llvm::dyn_cast<llvm::InstrProfIncrementInst>(&counting))
      increment(builder, at(builder, counted, plain->getIndex()->getZExtValue()), plain->getStep());
    else if (auto *value = llvm::dyn_cast<llvm::InstrProfValueProfileInst>(&counting))
      lowerValue(builder, counted, *value);
    counting.eraseFromParent();
  }

  void lowerValue(llvm::IRBuilder<> &builder, const Counted &counted,
                  llvm::InstrProfValueProfileInst &profiled) {
    uint64_t kind = profiled.getValueKind()->getZExtValue();
    if (kind > sizeKind)
      return;
    uint64_t site = profiled.getIndex()->getZExtValue() + (kind == sizeKind ? counted.sites[callKind] : 0);
    uint64_t first = counted.counters + (site * siteWords);
    Value *value = profiled.getTargetValue();
    Value *usual = builder.CreateAlignedLoad(word_, at(builder, counted, first), llvm::Align(8));
    llvm::Instruction *hit = nullptr;
    llvm::Instruction *miss = nullptr;
    llvm::SplitBlockAndInsertIfThenElse(builder.CreateICmpEQ(usual, value), &profiled, &hit, &miss);
    builder.SetInsertPoint(hit);
    increment(builder, at(builder, counted, first + 1), builder.getInt64(1));
    builder.SetInsertPoint(miss);
    llvm::CallInst *call = builder.CreateCall(other(kind), {value, at(builder, counted, first)});
    // The callee saves what it uses, so that counting leaves the registers around it alone.
    call->setCallingConv(llvm::CallingConv::PreserveMost);
    call->setDoesNotThrow();
  }

  Value *at(llvm::IRBuilder<> &builder, const Counted &counted, uint64_t word) {
    return builder.CreateConstInBoundsGEP2_64(counted.cells->getValueType(), counted.cells, 0, word);
  }

  llvm::FunctionCallee other(uint64_t kind) {
    const char *name = kind == callKind ? "__tierlink_profile_target" : "__tierlink_profile_size";
    llvm::FunctionCallee callee =
        module_.getOrInsertFunction(name, llvm::Type::getVoidTy(module_.getContext()), word_,
                                    llvm::PointerType::getUnqual(module_.getContext()));
    if (auto *function = llvm::dyn_cast<Function>(callee.getCallee())) {
      function->setCallingConv(llvm::CallingConv::PreserveMost);
      function->setDoesNotThrow();
    }
    return callee;
  }

  /// What only LLVM's own lowering and runtime need.
  static void drop(GlobalVariable *variable) {
    if (variable == nullptr)
      return;
    variable->replaceAllUsesWith(llvm::PoisonValue::get(variable->getType()));
    variable->eraseFromParent();
  }

  llvm::Module &module_;
  llvm::IntegerType *const word_;
  /// By the variable with the name, which is how LLVM tells them apart.
  llvm::MapVector<GlobalVariable *, Counted> functions_;
  llvm::SmallVector<llvm::InstrProfInstBase *, 32> instructions_;
  llvm::SmallSetVector<Function *, 16> changed_;
};

} // namespace

void instrument(llvm::Module &module, Machinery &machinery) {
  llvm::ModulePassManager passes;
  passes.addPass(llvm::PGOInstrumentationGen());
  machinery.run(passes, module);
  Lowering(module).run();
}

} // namespace tierlink
