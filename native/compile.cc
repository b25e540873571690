// One compile job: parse or extract, passes, counters, marks, code generation.
#include "compile.h"

#include "compile_extract.h"
#include "compile_machinery.h"
#include "compile_modules.h"
#include "compile_osr.h"
#include "compile_parts.h"
#include "compile_profile.h"
#include "compile_select.h"
#include "ingest_source.h"
#include "llvm_guard.h"
#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Transforms/Scalar/LowerExpectIntrinsic.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace tierlink {
namespace {

using Result = std::variant<Compiled, Failure>;

bool hasLoops(const CompileJob &job) { return !job.polls.empty() || job.continuation; }

/// Loops that can be left, or the continuation of one.
std::optional<Failure> leaveLoops(const ModuleLoops &loops, const CompileJob &job) {
  if (!job.continuation) {
    loops.insertPolls(job.polls);
    return std::nullopt;
  }
  if (!job.functions || job.functions->wanted.size() != 1)
    return Failure{"compile", "a continuation is of one function", ""};
  const std::string &function = job.functions->wanted.front();
  const LoopPoint *point = loops.find(function, *job.continuation);
  if (point == nullptr)
    return Failure{"compile", "'" + function + "' has no such loop that could be left", function};
  return makeContinuation(*point);
}

/// Drops calls and PHIs that may be alive at a loop; LLVM's profiles want both gone before all else.
void settle(llvm::Module &module) {
  llvm::FunctionAnalysisManager none;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    // Done already in a body that was read alone (LazyModule).
    llvm::LowerExpectIntrinsicPass().run(function, none);
    llvm::SplitIndirectBrCriticalEdges(function, /*IgnoreBlocksWithoutPHI=*/false);
  }
}

/// What is done to canonical code before its passes run. Profiles belong to the edges that it has, and loops
/// are found in it as it is; so nothing may change either before both are done.
std::variant<UsedProfile, Failure> prepare(llvm::Module &module, Machinery &machinery,
                                           const CompileJob &job) {
  UsedProfile used;
  if (!hasLoops(job) && !job.profile && !job.instrument)
    return used;
  settle(module);
  std::optional<ModuleLoops> loops;
  if (hasLoops(job))
    loops.emplace(module);
  if (job.profile)
    used = useProfile(module, machinery, *job.profile, job.uses, job.profilePrior);
  if (job.instrument)
    instrument(module, machinery);
  if (loops)
    if (auto failure = leaveLoops(*loops, job))
      return std::move(*failure);
  // This one gives calls other values, which a list of what is alive does not know.
  if (job.profile && job.uses.calls)
    promoteByProfile(module, machinery);
  return used;
}

/// From a module that is complete to its object.
Result finish(llvm::Module &module, Machinery &machinery, const Diagnostics &diagnostics,
              const CompileJob &job) {
  UsedProfile used;
  if (job.isData) {
    markData(module);
  } else {
    if (job.hostCpu)
      setHostCpu(module);
    if (auto failure = setFeatures(module, job.features))
      return std::move(*failure);
    auto prepared = prepare(module, machinery, job);
    if (auto *failure = std::get_if<Failure>(&prepared))
      return std::move(*failure);
    used = std::move(std::get<0>(prepared));
    if (auto failure = machinery.optimise(module))
      return std::move(*failure);
    if (!job.uses.inlining)
      tellHeat(module, machinery, used);
    if (job.profile && job.uses.split)
      keepWhole(module);
    // After the passes: what was inlined is no call any more, and a counter would have made it look too large
    // to inline.
    if (job.counters)
      insertCounters(module);
    markCode(module, job.calls, *job.near);
  }
  if (diagnostics.hasErrors())
    return Failure{"compile", diagnostics.errors(), ""};
  auto generated = machinery.generate(module);
  if (auto *failure = std::get_if<Failure>(&generated))
    return std::move(*failure);
  if (diagnostics.hasErrors())
    return Failure{"compile", diagnostics.errors(), ""};
  auto object = std::get<llvm::ArrayRef<char>>(generated);
  return Compiled{ObjectBytes(object.begin(), object.end()), std::move(used.unfit), {}};
}

/// In a context of its own, which goes with the module.
Result compileModule(Machinery &machinery, const CompileJob &job) {
  llvm::LLVMContext context;
  Diagnostics diagnostics(context);
  auto read = isSource(job.bitcode->bytes)
                  ? readSource(job.bitcode->bytes, context)
                  : readWhole(job.bitcode->bytes, InputFormat::bitcode, "job", context);
  if (auto *failure = std::get_if<Failure>(&read))
    return std::move(*failure);
  llvm::Module &module = *std::get<0>(read);
  if (module.getTargetTriple() != hostTriple() || module.getDataLayout() != hostDataLayout())
    return Failure{"target", "only what ingest returned can be compiled", ""};
  return finish(module, machinery, diagnostics, job);
}

std::vector<std::string> namesOf(llvm::ArrayRef<llvm::Function *> functions) {
  std::vector<std::string> names;
  names.reserve(functions.size());
  for (const llvm::Function *function : functions)
    names.push_back(function->getName().str());
  return names;
}

Result compileFunctions(Workspace &workspace, Machinery &machinery, const CompileJob &job,
                        const FunctionSelection &selection, const OnChosen &onChosen) {
  auto loaded = workspace.load(job.bitcode);
  if (auto *failure = std::get_if<Failure>(&loaded))
    return std::move(*failure);
  LazyModule &source = *std::get<LazyModule *>(loaded);
  auto chosen = chooseBatch(source, selection);
  if (auto *failure = std::get_if<Failure>(&chosen))
    return std::move(*failure);
  Batch &batch = std::get<Batch>(chosen);
  if (onChosen)
    onChosen({namesOf(batch.functions), std::move(batch.likely)});
  ImportSources sources(workspace, source, job);
  // Calls that become direct ones are inlined like others.
  const SharedProfile *heat = job.uses.inlining || job.uses.calls ? job.profile.get() : nullptr;
  auto imports = chooseImports(sources, batch.functions, job.importBudget, heat);
  auto extracted = extract(source, {batch.functions, imports, /*withConstants=*/job.codegenLevel > 0});
  if (auto *failure = std::get_if<Failure>(&extracted))
    return std::move(*failure);
  llvm::Module &module = *std::get<std::unique_ptr<llvm::Module>>(extracted);
  workspace.addCopied(module.getInstructionCount());
  Result result = finish(module, machinery, workspace.diagnostics(), job);
  if (auto *compiled = std::get_if<Compiled>(&result))
    compiled->imported = sources.positionsOf(imports);
  return result;
}

class State final : public CompilerState {
public:
  void forget(const SharedBitcode &bitcode) override { workspaces_.forget(bitcode); }

  Result compile(const CompileJob &job, const OnChosen &chosen) {
    std::unique_ptr<Workspace> workspace = workspaces_.take(*job.bitcode);
    Result result = Failure{"crash", "", ""};
    auto crash = runGuarded([&] {
      workspace->diagnostics().clear();
      Machinery &machinery = workspace->machineryFor(job);
      result = job.functions ? compileFunctions(*workspace, machinery, job, *job.functions, chosen)
                             : compileModule(machinery, job);
      // What reported an error may have stopped halfway.
      if (std::holds_alternative<Failure>(result))
        workspace->dropMachinery();
    });
    if (crash) {
      // Never touched again, not even to be freed: it may be in any state.
      (void)workspace.release();
      return Failure{"crash", *crash, ""};
    }
    if (!workspace->isWorn())
      workspaces_.giveBack(std::move(workspace));
    return result;
  }

private:
  Workspaces workspaces_;
};

} // namespace

std::unique_ptr<CompilerState> createCompilerState() { return std::make_unique<State>(); }

Result compile(const CompileJob &job, CompilerState &state, const OnChosen &chosen) {
  // For as long as the thread lives: making one takes longer than to compile a small function.
  static thread_local SignalStack signalStack;
  (void)signalStack;
  return static_cast<State &>(state).compile(job, chosen);
}

} // namespace tierlink
