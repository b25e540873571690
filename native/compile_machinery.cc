// Sets up LLVM's two pass managers once, and runs them over one module after the other.
#include "compile_machinery.h"

#include "compile_parts.h"
#include "llvm_target.h"

#include "llvm/Analysis/RuntimeLibcallInfo.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"

namespace tierlink {
namespace {

/// Objects that one machinery generates, in bytes; SelectionDAG keeps about a tenth of it.
constexpr size_t wornBytes = 4ull << 20;

/// The text form of a pipeline doesn't say how a static compiler would tune it: as clang does at this level.
llvm::PipelineTuningOptions tuningFor(int level) {
  llvm::PipelineTuningOptions tuning;
  tuning.CallGraphProfile = false;
  tuning.LoopVectorization = level >= 2;
  tuning.LoopInterleaving = level >= 2;
  tuning.SLPVectorization = level >= 2;
  return tuning;
}

/// What is cold is told by the weights of branches.
bool splits(const CompileJob &job) {
  return !job.isData && job.profile && job.uses.branches && job.uses.split;
}

struct DropImports : llvm::PassInfoMixin<DropImports> {
  static bool isRequired() { return true; }
  llvm::PreservedAnalyses run(llvm::Module &module, llvm::ModuleAnalysisManager &) {
    dropImports(module);
    return llvm::PreservedAnalyses::none();
  }
};

struct KeepStackLoopsScalar : llvm::PassInfoMixin<KeepStackLoopsScalar> {
  static bool isRequired() { return true; }
  llvm::PreservedAnalyses run(llvm::Function &function, llvm::FunctionAnalysisManager &) {
    keepStackLoopsScalar(function);
    return llvm::PreservedAnalyses::all(); // only metadata
  }
};

} // namespace

Machinery::Machinery(const CompileJob &job)
    : isData_(job.isData), pipeline_(job.passes), level_(job.isData ? 0 : job.codegenLevel),
      hostCpu_(!job.isData && job.hostCpu), calls_(job.calls), split_(splits(job)),
      machine_(createTargetMachine(level_, hostCpu_, split_)), builder_(machine_.get(), tuningFor(level_)) {
  if (isData_)
    return;
  // Where a static compiler drops available_externally bodies: behind the inliner, before vectorisers and the
  // like. Imports are no such: LLVM infers nothing from bodies that might not be the ones that run.
  builder_.registerOptimizerEarlyEPCallback([](llvm::ModulePassManager &passes, llvm::OptimizationLevel,
                                               llvm::ThinOrFullLTOPhase) { passes.addPass(DropImports()); });
  builder_.registerVectorizerStartEPCallback([](llvm::FunctionPassManager &passes, llvm::OptimizationLevel) {
    passes.addPass(KeepStackLoopsScalar());
  });
  // Before the builder's own registrations, which keep what is there already.
  functions_.registerPass(
      [&] { return llvm::TargetLibraryAnalysis(llvm::TargetLibraryInfoImpl(hostTriple())); });
  builder_.registerModuleAnalyses(modules_);
  builder_.registerCGSCCAnalyses(components_);
  builder_.registerFunctionAnalyses(functions_);
  builder_.registerLoopAnalyses(loops_);
  builder_.crossRegisterProxies(loops_, functions_, components_, modules_);
}

bool Machinery::fits(const CompileJob &job) const {
  if (job.isData || isData_)
    return job.isData == isData_;
  return pipeline_ == job.passes && level_ == job.codegenLevel && hostCpu_ == job.hostCpu &&
         calls_ == job.calls && split_ == splits(job);
}

bool Machinery::isWorn() const { return generatedBytes_ > wornBytes; }

void Machinery::run(llvm::ModulePassManager &passes, llvm::Module &module) { passes.run(module, modules_); }

void Machinery::forget(llvm::Module &module) { modules_.clear(module, module.getName()); }

std::optional<Failure> Machinery::optimise(llvm::Module &module) {
  // Parsed anew: LLVM's inliner moves its passes away when it runs.
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder_.parsePassPipeline(passes, pipeline_))
    return Failure{"compile", "pass pipeline '" + pipeline_ + "': " + llvm::toString(std::move(error)), ""};
  passes.run(module, modules_);
  dropImports(module);
  modules_.clear();
  components_.clear();
  functions_.clear();
  loops_.clear();
  return std::nullopt;
}

std::variant<llvm::ArrayRef<char>, Failure> Machinery::generate(llvm::Module &module) {
  if (!isSetUp_)
    if (auto failure = setUpGenerator())
      return std::move(*failure);
  isSetUp_ = true;
  object_.clear();
  generator_.run(module);
  generatedBytes_ += object_.size();
  return llvm::ArrayRef<char>(object_);
}

/// What TargetMachine::addPassesToEmitFile does, with room for a pass of our own after instruction selection.
std::optional<Failure> Machinery::setUpGenerator() {
  llvm::legacy::PassManager &passes = generator_;
  passes.add(new llvm::TargetLibraryInfoWrapperPass(llvm::TargetLibraryInfoImpl(hostTriple())));
  passes.add(new llvm::RuntimeLibraryInfoWrapper(hostTriple(), machine_->Options.ExceptionModel));
  passes.add(llvm::createTargetTransformInfoWrapperPass(machine_->getTargetIRAnalysis()));
  llvm::TargetPassConfig *config = machine_->createPassConfig(passes);
  // The input was verified at ingest.
  config->setDisableVerify(true);
  if (!isData_ && calls_ == CallForm::indirect)
    config->insertPass(&llvm::FinalizeISelID, llvm::IdentifyingPassPtr(createGotCallsPass()));
  auto *machineModule = new llvm::MachineModuleInfoWrapperPass(machine_.get());
  passes.add(config);
  passes.add(machineModule);
  if (config->addISelPasses())
    return Failure{"compile", "no instruction selection for " + hostTriple().str(), ""};
  config->addMachinePasses();
  config->setInitialized();
  // The assembler that this makes takes over what is set now.
  std::optional<AlignedCalls> aligned;
  if (!isData_)
    aligned.emplace(calls_ == CallForm::patchable);
  bool isRefused = machine_->addAsmPrinter(passes, out_, nullptr, llvm::CodeGenFileType::ObjectFile,
                                           machineModule->getMMI().getContext());
  aligned.reset();
  if (isRefused)
    return Failure{"compile", "this LLVM can't write objects for " + hostTriple().str(), ""};
  passes.add(llvm::createFreeMachineFunctionPass());
  return std::nullopt;
}

} // namespace tierlink
