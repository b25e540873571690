// Compiling a few functions at once costs less than each alone, if all of them are needed; so only those are
// added that will be, very likely.
#include "compile_select.h"

#include "llvm/ADT/MapVector.h"
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
/// Of a function whose address is taken: mostly for somebody who is called next, and calls it.
constexpr double takenLikelihood = 0.45;
/// A function that takes more addresses only hands them in somewhere.
constexpr ptrdiff_t takenAddresses = 8;
/// Worth a hint.
constexpr double hintedLikelihood = 0.1;
/// What may be added; by then the fixed cost of an object is shared among enough.
constexpr size_t addedFunctions = 15;
constexpr size_t addedInstructions = 3000;
constexpr size_t hintedFunctions = 256;

/// What loops call is not expected more often: how often they turn is a guess.
constexpr double mostCalls = 16;

/// How often a function is expected to be called, and where it stands among those that were found: mostly as
/// they are called.
struct Prospect {
  double calls;
  size_t place;

  /// That it is called at all.
  double likelihood() const { return std::min(calls, 1.0); }

  bool operator<(const Prospect &other) const {
    return likelihood() != other.likelihood() ? likelihood() > other.likelihood() : place < other.place;
  }
};

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

  /// Notes how often the function's callees are called, when the function itself is called so often.
  void followCalls(Function &function, double calls) {
    struct Mention {
      const llvm::BasicBlock *block;
      Function *function;
      bool isCall;
    };
    llvm::SmallVector<Mention, 16> mentions;
    for (const llvm::BasicBlock &block : function)
      for (const llvm::Instruction &instruction : block)
        for (const llvm::Use &use : instruction.operands())
          if (auto *mentioned = llvm::dyn_cast<Function>(use.get());
              mentioned != nullptr && (isPossible(*mentioned) || isElsewhere(*mentioned))) {
            const auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
            mentions.push_back({&block, mentioned, call != nullptr && call->isCallee(&use)});
          }
    const auto isTaken = [](const Mention &mention) { return !mention.isCall; };
    if (llvm::count_if(mentions, isTaken) > takenAddresses)
      llvm::erase_if(mentions, isTaken);
    const auto share = [](const Mention &mention) { return mention.isCall ? 1 : takenLikelihood; };
    if (mentions.empty())
      return;
    if (function.size() == 1) {
      for (const Mention &mention : mentions)
        note(*mention.function, calls * share(mention));
      return;
    }
    llvm::DominatorTree dominators(function);
    llvm::LoopInfo loops(dominators);
    llvm::BranchProbabilityInfo branches(function, loops, nullptr, &dominators);
    llvm::BlockFrequencyInfo frequencies(function, branches, loops);
    auto entry = static_cast<double>(frequencies.getEntryFreq().getFrequency());
    for (const Mention &mention : mentions) {
      double frequency = static_cast<double>(frequencies.getBlockFreq(mention.block).getFrequency()) / entry;
      note(*mention.function, calls * share(mention) * frequency);
    }
  }

  void note(Function &callee, double calls) {
    if (llvm::is_contained(batch_.functions, &callee))
      return;
    auto &prospects = callee.isDeclaration() ? elsewhere_ : prospects_;
    auto [found, isNew] = prospects.try_emplace(&callee, Prospect{0, found_});
    if (isNew)
      ++found_;
    found->second.calls = std::min(found->second.calls + calls, mostCalls);
  }

  /// The likeliest first: whatever it calls is less likely than it is itself.
  void grow() {
    size_t functionsLeft = addedFunctions;
    size_t instructionsLeft = addedInstructions;
    while (functionsLeft > 0) {
      const auto best = std::ranges::min_element(
          prospects_, [](const auto &left, const auto &right) { return left.second < right.second; });
      if (best == prospects_.end() || best->second.likelihood() < addedLikelihood)
        break;
      const auto [next, prospect] = *best;
      prospects_.erase(best);
      // Whoever calls it will be told.
      if (source_.read(*next))
        continue;
      size_t size = next->getInstructionCount();
      if (size > instructionsLeft) {
        large_.emplace_back(prospect, next);
        continue;
      }
      --functionsLeft;
      instructionsLeft -= size;
      batch_.functions.push_back(next);
      followCalls(*next, prospect.calls);
    }
  }

  /// A function that was too large may have been reached again, from one that was added later.
  void giveHints() {
    std::vector<std::pair<Prospect, Function *>> rest(large_.begin(), large_.end());
    for (const auto *prospects : {&prospects_, &elsewhere_})
      for (const auto &[function, prospect] : *prospects)
        if (prospect.likelihood() >= hintedLikelihood &&
            llvm::none_of(large_, [&](const auto &large) { return large.second == function; }))
          rest.emplace_back(prospect, function);
    std::ranges::sort(rest, [](const auto &left, const auto &right) { return left.first < right.first; });
    if (rest.size() > hintedFunctions)
      rest.resize(hintedFunctions);
    for (const auto &[prospect, function] : rest)
      batch_.likely.push_back({function->getName().str(), prospect.likelihood()});
  }

  LazyModule &source_;
  const FunctionSelection &selection_;
  Batch batch_;
  llvm::MapVector<Function *, Prospect> prospects_;
  /// Functions of other modules.
  llvm::MapVector<Function *, Prospect> elsewhere_;
  size_t found_ = 0;
  /// Likely, but too large to be added.
  llvm::SmallVector<std::pair<Prospect, Function *>, 4> large_;
};

} // namespace

std::variant<Batch, Failure> chooseBatch(LazyModule &source, const FunctionSelection &selection) {
  return Chooser(source, selection).choose();
}

} // namespace tierlink
