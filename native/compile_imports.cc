// A function that is compiled alone is to be optimised as it would be within its module, or within the whole
// program: so its callees' bodies come along, to be inlined and to be learnt from.
#include "compile_select.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/InstrTypes.h"

#include <algorithm>

namespace tierlink {
namespace {

using llvm::Attribute;
using llvm::Function;

/// Canonical code is clang's, with each local in memory: that is two to three times as many instructions as
/// LLVM's inliner counts at the end, of which it takes some 50 at most.
constexpr size_t largestImport = 400;
/// Where a call is hot LLVM takes more than ten times as much.
constexpr size_t largestHotImport = 2000;
/// There come so many instructions, and so many for each that is compiled, up to what the tier allows: bodies
/// that come along are optimised before the inliner looks at them, and that often takes longer than all the
/// rest.
constexpr size_t importBase = 400;
constexpr size_t importEach = 8;
/// Of other modules there come so many instructions, and so many for each that is compiled; what is called by
/// something that came along must be smaller than that, by percent: nearly everything is reached in the end.
constexpr size_t acrossBase = 400;
constexpr size_t acrossEach = 2;
constexpr size_t acrossDecayPercent = 70;
/// A function is hot that was counted in so many (as a shift) of the times that those were that are compiled.
constexpr unsigned hotShare = 3;

/// Of an indirect call's targets LLVM promotes, from the most frequent on, those that are at least so many
/// percent of all calls, and of the calls that are left: its -icp-total-percent-threshold and
/// -icp-remaining-percent-threshold.
constexpr uint64_t promotedPercent = 5;
constexpr uint64_t promotedRestPercent = 30;

uint64_t highest(const SharedProfile &profile, const Function &function) {
  uint64_t most = 0;
  auto [begin, end] = profile.byName.equal_range(std::string_view(function.getName()));
  for (auto found = begin; found != end; ++found)
    for (uint64_t count : found->second->counts)
      most = std::max(most, count);
  return most;
}

class Importer {
public:
  Importer(ImportSources &sources, llvm::ArrayRef<Function *> functions, unsigned budget,
           const SharedProfile *profile)
      : sources_(sources), profile_(profile), level_(functions.begin(), functions.end()) {
    size_t instructions = 0;
    for (const Function *function : functions) {
      seen_.insert(function->getName());
      instructions += function->getInstructionCount();
    }
    budgetLeft_ = std::min<size_t>(budget, importBase + importEach * instructions);
    acrossLeft_ += acrossEach * instructions;
    if (profile != nullptr)
      for (const Function *function : functions)
        heat_ = std::max(heat_, highest(*profile, *function));
  }

  llvm::SmallVector<Function *, 16> choose() {
    while (!level_.empty()) {
      llvm::SmallVector<Function *, 16> callees = std::move(level_);
      level_.clear();
      readCallees(callees);
      takeSmallest();
      acrossPercent_ = acrossPercent_ * acrossDecayPercent / 100;
    }
    dropCycles();
    return std::move(imports_);
  }

private:
  using Names = llvm::SetVector<llvm::StringRef>;

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
          Function *definition = callee == nullptr ? nullptr : sources_.definitionOf(*callee);
          if (definition != nullptr)
            add(*definition, *function);
        }
    if (profile_ != nullptr)
      for (const Function *function : functions)
        addTargets(*function);
  }

  void add(Function &callee, const Function &caller) {
    calls_[caller.getName()].insert(callee.getName());
    // One that can't be read is called, and then its caller is told. Inline functions may be in several
    // modules; all are the same.
    if (isWanted(callee) && seen_.insert(callee.getName()).second && !sources_.read(callee))
      level_.push_back(&callee);
  }

  /// What the function's indirect calls mostly led to: LLVM calls it directly then, if it has its body.
  void addTargets(const Function &function) {
    auto [begin, end] = profile_->byName.equal_range(std::string_view(function.getName()));
    for (auto record = begin; record != end; ++record)
      for (const auto &values : record->second->sites[0]) {
        uint64_t total = 0;
        for (const ProfiledValue &value : values)
          total += value.count;
        uint64_t rest = total;
        for (const ProfiledValue &value : values) {
          if (value.count < total / 100 * promotedPercent || value.count < rest / 100 * promotedRestPercent)
            break;
          rest -= value.count;
          if (Function *target = sources_.target(function, value.value)) {
            uint64_t &seen = reachedByAddress_[target->getName()];
            seen = std::max(seen, value.count);
            add(*target, function);
          }
        }
      }
  }

  enum class Heat { always, hot, called, unknown };

  /// Without a profile all are as likely to be called.
  Heat heatOf(const Function &function) const {
    if (isAlways(function))
      return Heat::always;
    uint64_t most = profile_ == nullptr ? 0 : highest(*profile_, function);
    // It need not have counted itself: its callers did.
    most = std::max(most, reachedByAddress_.lookup(function.getName()));
    if (most == 0)
      return Heat::unknown;
    return most >= heat_ >> hotShare ? Heat::hot : Heat::called;
  }

  void takeSmallest() {
    std::ranges::stable_sort(level_, {}, [&](const Function *function) {
      return std::pair(heatOf(*function), isAlways(*function) ? 0 : function->getInstructionCount());
    });
    llvm::erase_if(level_, [&](const Function *function) {
      // Never inlined, and its table of labels would have to come, too.
      if (llvm::any_of(*function, [](const llvm::BasicBlock &block) { return block.hasAddressTaken(); }))
        return true;
      if (isAlways(*function))
        return false;
      size_t size = function->getInstructionCount();
      size_t limit = heatOf(*function) == Heat::hot ? largestHotImport : largestImport;
      if (size > limit || size > budgetLeft_)
        return true;
      if (!sources_.isOwn(*function) && !takeAcross(*function, size, limit))
        return true;
      budgetLeft_ -= size;
      return false;
    });
    imports_.append(level_);
  }

  /// Whether it comes although it is of another module.
  bool takeAcross(const Function &function, size_t size, size_t limit) {
    // Where something was counted, what was not is hardly ever called.
    if (heat_ > 0 && heatOf(function) == Heat::unknown)
      return false;
    if (size > limit * acrossPercent_ / 100 || size > acrossLeft_)
      return false;
    acrossLeft_ -= size;
    return true;
  }

  /// All that a function calls, directly and through others, as far as their bodies are there.
  Names reachedFrom(llvm::StringRef function) const {
    Names reached;
    auto follow = [&](llvm::StringRef caller) {
      if (auto known = calls_.find(caller); known != calls_.end())
        reached.insert_range(known->second);
    };
    follow(function);
    for (size_t at = 0; at < reached.size(); ++at)
      follow(reached[at]);
    return reached;
  }

  /// LLVM inlines functions that call each other into each other, again and again. Within one module there
  /// are few of them; across an interpreter's modules nearly all are, and then it does not come to an end.
  void dropCycles() {
    if (llvm::all_of(imports_, [&](const Function *function) { return sources_.isOwn(*function); }))
      return;
    llvm::DenseMap<llvm::StringRef, Names> reached;
    for (const auto &[function, callees] : calls_)
      reached.try_emplace(function, reachedFrom(function));
    llvm::erase_if(imports_, [&](const Function *function) {
      const llvm::StringRef name = function->getName();
      return !sources_.isOwn(*function) && llvm::any_of(reached[name], [&](llvm::StringRef other) {
        auto back = reached.find(other);
        return other != name && back != reached.end() && back->second.contains(name);
      });
    });
  }

  ImportSources &sources_;
  const SharedProfile *const profile_;
  /// The highest count of the functions that are compiled.
  uint64_t heat_ = 0;
  size_t budgetLeft_ = 0;
  /// Of it, for other modules.
  size_t acrossLeft_ = acrossBase;
  size_t acrossPercent_ = 100;
  /// By name.
  llvm::DenseSet<llvm::StringRef> seen_;
  /// How often sites called functions by their addresses, by name.
  llvm::DenseMap<llvm::StringRef, uint64_t> reachedByAddress_;
  /// What each function calls whose body was read.
  llvm::DenseMap<llvm::StringRef, Names> calls_;
  /// Functions whose callees come next.
  llvm::SmallVector<Function *, 16> level_;
  llvm::SmallVector<Function *, 16> imports_;
};

} // namespace

llvm::SmallVector<Function *, 16> chooseImports(ImportSources &sources, llvm::ArrayRef<Function *> functions,
                                                unsigned budget, const SharedProfile *profile) {
  return Importer(sources, functions, budget, profile).choose();
}

} // namespace tierlink
