// A function that is compiled alone is to be optimised as it would be within its module: so its callees'
// bodies come along, to be inlined and to be learnt from.
#include "compile_select.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/InstrTypes.h"

#include <algorithm>

namespace tierlink {
namespace {

using llvm::Attribute;
using llvm::Function;

/// Canonical code is clang's, with each local in memory: that is two to three times as many instructions as
/// LLVM's inliner counts at the end, of which it takes some 50 at most.
constexpr size_t largestImport = 400;

class Importer {
public:
  Importer(LazyModule &source, llvm::ArrayRef<Function *> functions, unsigned budget)
      : source_(source), budgetLeft_(budget), level_(functions.begin(), functions.end()) {
    seen_.insert_range(functions);
  }

  llvm::SmallVector<Function *, 16> choose() {
    while (!level_.empty()) {
      llvm::SmallVector<Function *, 16> callees = std::move(level_);
      level_.clear();
      readCallees(callees);
      takeSmallest();
    }
    return std::move(imports_);
  }

private:
  static bool isAlways(const Function &function) { return function.hasFnAttribute(Attribute::AlwaysInline); }

  bool isWanted(const Function &callee) const {
    if (callee.isDeclaration() || callee.isInterposable() || callee.isVarArg())
      return false;
    if (isAlways(callee))
      return true;
    // Also those that are never inlined: what LLVM finds out about a body, such as that it writes nothing,
    // helps its callers, too.
    return budgetLeft_ > 0 && !callee.hasFnAttribute(Attribute::OptimizeNone) &&
           !callee.hasFnAttribute(Attribute::Naked) && !callee.hasFnAttribute(Attribute::ReturnsTwice);
  }

  /// Finds what the functions of this level call, for the next.
  void readCallees(llvm::ArrayRef<Function *> functions) {
    for (const Function *function : functions)
      for (const llvm::BasicBlock &block : *function)
        for (const llvm::Instruction &instruction : block) {
          auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
          Function *callee = call == nullptr ? nullptr : call->getCalledFunction();
          if (callee == nullptr || !isWanted(*callee) || !seen_.insert(callee).second)
            continue;
          // One that can't be read is called, and then its caller is told.
          if (!source_.read(*callee))
            level_.push_back(callee);
        }
  }

  void takeSmallest() {
    std::ranges::stable_sort(level_, {}, [](const Function *function) {
      return isAlways(*function) ? 0 : function->getInstructionCount();
    });
    llvm::erase_if(level_, [&](const Function *function) {
      // Never inlined, and its table of labels would have to come, too.
      if (llvm::any_of(*function, [](const llvm::BasicBlock &block) { return block.hasAddressTaken(); }))
        return true;
      if (isAlways(*function))
        return false;
      size_t size = function->getInstructionCount();
      if (size > largestImport || size > budgetLeft_)
        return true;
      budgetLeft_ -= size;
      return false;
    });
    imports_.append(level_);
  }

  LazyModule &source_;
  size_t budgetLeft_;
  llvm::SmallPtrSet<const Function *, 32> seen_;
  /// Functions whose callees come next.
  llvm::SmallVector<Function *, 16> level_;
  llvm::SmallVector<Function *, 16> imports_;
};

} // namespace

llvm::SmallVector<Function *, 16> chooseImports(LazyModule &source, llvm::ArrayRef<Function *> functions,
                                                unsigned budget) {
  return Importer(source, functions, budget).choose();
}

} // namespace tierlink
