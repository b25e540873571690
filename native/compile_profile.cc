// Gives LLVM a profile of the functions that are compiled, and no more of it than they need; then blurs what
// it made of it by as much as little was seen.
#include "compile_profile.h"
#include "compile_parts.h"
#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/BlockFrequencyInfo.h"
#include "llvm/Analysis/BranchProbabilityInfo.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ProfileSummaryInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/ProfDataUtils.h"
#include "llvm/IR/ProfileSummary.h"
#include "llvm/ProfileData/InstrProf.h"
#include "llvm/ProfileData/InstrProfWriter.h"
#include "llvm/Support/VirtualFileSystem.h"
#include "llvm/Transforms/Instrumentation/PGOInstrumentation.h"

#include <algorithm>
#include <optional>

namespace tierlink {
namespace {

using llvm::Function;

/// However much was seen, a way that was never gone keeps this share (as a shift) of those that were.
constexpr unsigned leastShare = 14;
/// Shares of the highest count of the functions that are compiled: what is hot, and what is cold. A way that
/// was never gone becomes cold when this much of the others was seen that the prior is no more than half of
/// it.
constexpr unsigned hotShare = 3;
constexpr unsigned coldShare = 9;

/// Marks functions of which so much was seen that something may be cold not only by rounding.
constexpr llvm::StringLiteral splitAttribute = "tierlink-split";

/// How LLVM names the two, in millionths of all that was counted.
constexpr uint32_t hotCutoff = 990'000;
constexpr uint32_t coldCutoff = 999'999;

/// Only the writer's memory has it.
constexpr const char *profilePath = "/profile";

uint64_t highest(const ProfileRecord &record) {
  return record.counts.empty() ? 0 : *std::ranges::max_element(record.counts);
}

/// The records of a module's functions, as LLVM reads them.
class JobProfile {
public:
  struct Profiled {
    Function *function;
    /// The highest count of its records.
    uint64_t most;
  };

  JobProfile(llvm::Module &module, const SharedProfile &profile) : profile_(profile) {
    for (const Function &function : module)
      if (!function.isDeclaration() && !function.hasFnAttribute(importAttribute))
        visit(function, [&](const ProfileRecord &record) { limit_ = std::max(limit_, highest(record)); });
    for (Function &function : module)
      if (!function.isDeclaration())
        visit(function, [&](const ProfileRecord &record) { add(function, record); });
  }

  bool isEmpty() const { return profiled_.empty(); }
  /// Functions that there are records of.
  llvm::ArrayRef<Profiled> profiled() const { return profiled_; }
  /// The highest count of those that are compiled.
  uint64_t limit() const { return limit_; }

  std::unique_ptr<llvm::MemoryBuffer> write() { return indexed(writer_); }

private:
  template <class Visit> void visit(const Function &function, Visit visit) {
    auto [begin, end] = profile_.byName.equal_range(std::string_view(function.getName()));
    for (auto found = begin; found != end; ++found)
      visit(*found->second);
  }

  void add(Function &function, const ProfileRecord &record) {
    // What was hardly called beside the others may only not have been called yet: nothing is known of it.
    if (highest(record) <= limit_ >> coldShare)
      return;
    if (profiled_.empty() || profiled_.back().function != &function)
      profiled_.push_back({&function, 0});
    profiled_.back().most = std::max(profiled_.back().most, highest(record));
    // Neither fails: all are of one kind, and of two equal ones the first stands.
    llvm::consumeError(writer_.mergeProfileKind(llvm::InstrProfKind::IRInstrumentation));
    writer_.addRecord(toLlvm(record), [](llvm::Error error) { llvm::consumeError(std::move(error)); });
  }

  const SharedProfile &profile_;
  uint64_t limit_ = 0;
  llvm::SmallVector<Profiled, 16> profiled_;
  llvm::InstrProfWriter writer_;
};

void setSummary(llvm::Module &module, Machinery &machinery, uint64_t limit, uint64_t hot, uint64_t cold) {
  llvm::ProfileSummary summary(llvm::ProfileSummary::PSK_Instr, {{hotCutoff, hot, 1}, {coldCutoff, cold, 1}},
                               limit, limit, limit, limit, 1, 1);
  module.setProfileSummary(summary.getMD(module.getContext()), llvm::ProfileSummary::PSK_Instr);
  machinery.forget(module);
}

/// Weighs a branch as if each way had been gone `prior` times more, and never less than the least share of
/// all: so what was seen a few times leans one way, and what was seen often is all but believed.
void blur(llvm::Instruction &branch, unsigned prior) {
  llvm::SmallVector<uint32_t, 4> weights;
  if (!llvm::extractBranchWeights(branch, weights))
    return;
  uint64_t sum = 0;
  for (uint32_t weight : weights)
    sum += weight;
  llvm::SmallVector<uint64_t, 4> blurred;
  for (uint32_t weight : weights)
    blurred.push_back(weight + prior + (sum >> leastShare));
  llvm::setFittedBranchWeights(branch, blurred, /*IsExpected=*/false);
}

/// Forgets the values of a site that saw few.
void dropFew(llvm::CallBase &call, unsigned prior) {
  for (llvm::InstrProfValueKind kind : {llvm::IPVK_IndirectCallTarget, llvm::IPVK_MemOPSize}) {
    uint64_t total = 0;
    auto values = llvm::getValueProfDataFromInst(call, kind, /*MaxNumValueData=*/1, total);
    if (!values.empty() && total < prior)
      call.setMetadata(llvm::LLVMContext::MD_prof, nullptr);
  }
}

bool hasWays(const llvm::Instruction &instruction) {
  return instruction.isTerminator() || llvm::isa<llvm::SelectInst>(instruction);
}

void blur(Function &function, const ProfileUses &uses, unsigned prior) {
  for (llvm::BasicBlock &block : function)
    for (llvm::Instruction &instruction : block) {
      if (uses.branches && hasWays(instruction))
        blur(instruction, prior);
      if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction))
        dropFew(*call, prior);
    }
}

/// Loops go on less often now than they did, by their branches. So that their counts stay what they were, the
/// function is entered more often.
void settleEntry(Function &function, uint64_t most) {
  llvm::DominatorTree dominators(function);
  llvm::LoopInfo loops(dominators);
  llvm::BranchProbabilityInfo branches(function, loops, nullptr, &dominators);
  llvm::BlockFrequencyInfo frequencies(function, branches, loops);
  auto entry = static_cast<double>(frequencies.getEntryFreq().getFrequency());
  double highest = entry;
  for (const llvm::BasicBlock &block : function)
    highest = std::max(highest, static_cast<double>(frequencies.getBlockFreq(&block).getFrequency()));
  double count = static_cast<double>(most) * entry / highest;
  function.setEntryCount(std::max<uint64_t>(static_cast<uint64_t>(count), 1));
}

/// What branches of a module were weighed by before its profile was read.
class KeptWeights {
public:
  explicit KeptWeights(llvm::Module &module) {
    for (Function &function : module)
      for (llvm::BasicBlock &block : function)
        for (llvm::Instruction &instruction : block)
          // Of a call these are the values that it saw.
          if (hasWays(instruction) && !llvm::isa<llvm::CallBase>(instruction))
            kept_.emplace_back(&instruction, instruction.getMetadata(llvm::LLVMContext::MD_prof));
  }

  void restore() {
    for (const auto &[instruction, weights] : kept_)
      instruction->setMetadata(llvm::LLVMContext::MD_prof, weights);
  }

private:
  std::vector<std::pair<llvm::Instruction *, llvm::MDNode *>> kept_;
};

} // namespace

UsedProfile useProfile(llvm::Module &module, Machinery &machinery, const SharedProfile &profile,
                       const ProfileUses &uses, unsigned prior) {
  UsedProfile used;
  JobProfile job(module, profile);
  if (job.isEmpty())
    return used;
  used.most = job.limit();
  std::optional<KeptWeights> weights;
  if (!uses.branches)
    weights.emplace(module);
  auto files = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  files->addFile(profilePath, 0, job.write());
  llvm::SmallVector<Function *, 16> unmarked;
  for (Function &function : module)
    if (!function.hasFnAttribute(llvm::Attribute::Cold))
      unmarked.push_back(&function);
  llvm::ModulePassManager read;
  read.addPass(llvm::PGOInstrumentationUse(profilePath, "", /*IsCS=*/false, files));
  machinery.run(read, module);
  // By LLVM's own measure of what is cold, see tellHeat.
  for (Function *function : unmarked)
    function->removeFnAttr(llvm::Attribute::Cold);
  if (weights)
    weights->restore();
  if (uses.inlining)
    tellHeat(module, machinery, used);
  else
    setSummary(module, machinery, used.most, /*hot=*/UINT64_MAX, /*cold=*/0);
  for (const auto &[function, most] : job.profiled()) {
    if (function->getEntryCount().has_value()) {
      blur(*function, uses, prior);
      settleEntry(*function, most);
      if (most >= uint64_t{prior} << coldShare)
        function->addFnAttr(splitAttribute);
    } else {
      used.unfit.push_back(function->getName().str());
    }
  }
  return used;
}

/// LLVM takes as hot and cold what is so in the whole program. Here few functions are seen, so those that are
/// compiled are what others are compared with; what counts like them must not be called cold for being the
/// last of all.
void tellHeat(llvm::Module &module, Machinery &machinery, const UsedProfile &used) {
  if (used.most > 0)
    setSummary(module, machinery, used.most, std::max<uint64_t>(used.most >> hotShare, 1),
               used.most >> coldShare);
}

void keepWhole(llvm::Module &module) {
  for (Function &function : module)
    if (!function.isDeclaration() &&
        (!function.hasFnAttribute(splitAttribute) ||
         module.getNamedValue((function.getName() + coldSuffix).str()) != nullptr))
      function.setMetadata(llvm::LLVMContext::MD_prof, nullptr);
}

void promoteByProfile(llvm::Module &module, Machinery &machinery) {
  llvm::ModulePassManager promote;
  promote.addPass(llvm::RequireAnalysisPass<llvm::ProfileSummaryAnalysis, llvm::Module>());
  promote.addPass(llvm::PGOIndirectCallPromotion());
  promote.addPass(llvm::createModuleToFunctionPassAdaptor(llvm::PGOMemOPSizeOpt()));
  machinery.run(promote, module);
}

} // namespace tierlink
