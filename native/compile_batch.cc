// Compiling a few functions at once costs less than each alone, if all of them are needed; so only those are
// added that will be, very likely.
#include "compile_select.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/BlockFrequencyInfo.h"
#include "llvm/Analysis/BranchProbabilityInfo.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstrTypes.h"

#include <algorithm>

namespace tierlink {
namespace {

using llvm::Function;

/// Added functions are called in so many of all cases, at least.
constexpr double addedLikelihood = 0.5;
/// Worth a hint.
constexpr double hintedLikelihood = 0.1;
/// What may be added; by then the fixed cost of an object is shared among enough.
constexpr size_t addedFunctions = 15;
constexpr size_t addedInstructions = 3000;
constexpr size_t hintedFunctions = 32;

class Chooser {
public:
  Chooser(LazyModule &source, const FunctionSelection &selection) : source_(source), selection_(selection) {}

  std::variant<Batch, Failure> choose() {
    for (const std::string &name : selection_.wanted) {
      Function *function = source_.definition(name);
      if (function == nullptr)
        return Failure{"compile", "the module defines no function '" + name + "'", name};
      if (!llvm::is_contained(batch_.functions, function))
        batch_.functions.push_back(function);
    }
    for (size_t at = 0; at < batch_.functions.size(); ++at) {
      if (auto failure = source_.read(*batch_.functions[at]))
        return std::move(*failure);
      if (!selection_.possible.empty())
        followCalls(*batch_.functions[at], 1);
    }
    grow();
    giveHints();
    return std::move(batch_);
  }

private:
  bool isPossible(const Function &function) const {
    if (function.isDeclaration() || function.hasFnAttribute(llvm::Attribute::Cold))
      return false;
    unsigned index = source_.indexOf(function);
    return index / 8 < selection_.possible.size() && (selection_.possible[index / 8] >> (index % 8) & 1) != 0;
  }

  static bool isElsewhere(const Function &function) {
    return function.isDeclaration() && !function.isIntrinsic() &&
           !function.hasFnAttribute(llvm::Attribute::Cold);
  }

  /// Notes how likely the function's callees are called, when the function itself is with `likelihood`.
  void followCalls(Function &function, double likelihood) {
    llvm::SmallVector<std::pair<const llvm::BasicBlock *, Function *>, 16> calls;
    for (const llvm::BasicBlock &block : function)
      for (const llvm::Instruction &instruction : block)
        if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction))
          if (Function *callee = call->getCalledFunction();
              callee != nullptr && (isPossible(*callee) || isElsewhere(*callee)))
            calls.emplace_back(&block, callee);
    if (calls.empty())
      return;
    if (function.size() == 1) {
      for (const auto &[block, callee] : calls)
        note(*callee, likelihood);
      return;
    }
    llvm::DominatorTree dominators(function);
    llvm::LoopInfo loops(dominators);
    llvm::BranchProbabilityInfo branches(function, loops, nullptr, &dominators);
    llvm::BlockFrequencyInfo frequencies(function, branches, loops);
    auto entry = static_cast<double>(frequencies.getEntryFreq().getFrequency());
    for (const auto &[block, callee] : calls) {
      double frequency = static_cast<double>(frequencies.getBlockFreq(block).getFrequency()) / entry;
      note(*callee, likelihood * std::min(frequency, 1.0));
    }
  }

  void note(Function &callee, double likelihood) {
    if (likelihood < hintedLikelihood || llvm::is_contained(batch_.functions, &callee))
      return;
    auto &likelihoods = callee.isDeclaration() ? elsewhere_ : likelihoods_;
    auto [found, isNew] = likelihoods.try_emplace(&callee, likelihood);
    if (!isNew)
      found->second = std::max(found->second, likelihood);
  }

  /// The likeliest first: whatever it calls is less likely than it is itself.
  void grow() {
    size_t functionsLeft = addedFunctions;
    size_t instructionsLeft = addedInstructions;
    while (functionsLeft > 0) {
      Function *next = nullptr;
      double likelihood = 0;
      for (const auto &[function, known] : likelihoods_)
        if (known > likelihood ||
            (known == likelihood && source_.indexOf(*function) < source_.indexOf(*next)))
          next = function, likelihood = known;
      if (likelihood < addedLikelihood)
        break;
      likelihoods_.erase(next);
      // Whoever calls it will be told.
      if (source_.read(*next))
        continue;
      size_t size = next->getInstructionCount();
      if (size > instructionsLeft) {
        large_.emplace_back(likelihood, next);
        continue;
      }
      --functionsLeft;
      instructionsLeft -= size;
      batch_.functions.push_back(next);
      followCalls(*next, likelihood);
    }
  }

  /// A function that was too large may have been reached again, from one that was added later.
  void giveHints() {
    std::vector<std::pair<double, Function *>> rest(large_.begin(), large_.end());
    for (const auto *likelihoods : {&likelihoods_, &elsewhere_})
      for (const auto &[function, likelihood] : *likelihoods)
        if (llvm::none_of(large_, [&](const auto &large) { return large.second == function; }))
          rest.emplace_back(likelihood, function);
    std::ranges::sort(rest, [&](const auto &left, const auto &right) {
      return left.first != right.first ? left.first > right.first
                                       : left.second->getName() < right.second->getName();
    });
    if (rest.size() > hintedFunctions)
      rest.resize(hintedFunctions);
    for (const auto &[likelihood, function] : rest)
      batch_.likely.push_back({function->getName().str(), likelihood});
  }

  LazyModule &source_;
  const FunctionSelection &selection_;
  Batch batch_;
  llvm::DenseMap<Function *, double> likelihoods_;
  /// Of functions of other modules.
  llvm::DenseMap<Function *, double> elsewhere_;
  /// Likely, but too large to be added.
  llvm::SmallVector<std::pair<double, Function *>, 4> large_;
};

} // namespace

std::variant<Batch, Failure> chooseBatch(LazyModule &source, const FunctionSelection &selection) {
  return Chooser(source, selection).choose();
}

} // namespace tierlink
