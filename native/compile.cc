// One compile job: parse, counters, passes, marks, code generation.
#include "compile.h"

#include "compile_parts.h"
#include "llvm_guard.h"
#include "llvm_target.h"

#include "llvm/Analysis/RuntimeLibcallInfo.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace tierlink {
namespace {

using Result = std::variant<ObjectBytes, Failure>;

/// The text form of a pipeline doesn't say how a static compiler would tune it: as clang does at this level.
llvm::PipelineTuningOptions tuningFor(const CompileJob &job) {
  llvm::PipelineTuningOptions tuning;
  tuning.CallGraphProfile = false;
  tuning.LoopVectorization = job.codegenLevel >= 2;
  tuning.LoopInterleaving = job.codegenLevel >= 2;
  tuning.SLPVectorization = job.codegenLevel >= 2;
  return tuning;
}

std::optional<Failure> runPasses(llvm::Module &module, llvm::TargetMachine &machine, const CompileJob &job) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuningFor(job));
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(passes, job.passes))
    return Failure{"compile", "pass pipeline '" + job.passes + "': " + llvm::toString(std::move(error)), ""};
  // Before the builder's own registrations, which keep what is there already.
  functions.registerPass(
      [&] { return llvm::TargetLibraryAnalysis(llvm::TargetLibraryInfoImpl(hostTriple())); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  passes.run(module, modules);
  return std::nullopt;
}

/// What TargetMachine::addPassesToEmitFile does, with room for a pass of our own after instruction selection.
std::optional<Failure> generate(llvm::Module &module, llvm::TargetMachine &machine, const CompileJob &job,
                                llvm::SmallVectorImpl<char> &object) {
  llvm::raw_svector_ostream out(object);
  llvm::legacy::PassManager passes;
  passes.add(new llvm::TargetLibraryInfoWrapperPass(llvm::TargetLibraryInfoImpl(hostTriple())));
  passes.add(new llvm::RuntimeLibraryInfoWrapper(hostTriple(), machine.Options.ExceptionModel));
  passes.add(llvm::createTargetTransformInfoWrapperPass(machine.getTargetIRAnalysis()));
  llvm::TargetPassConfig *config = machine.createPassConfig(passes);
  // The input was verified at ingest.
  config->setDisableVerify(true);
  if (!job.isData && job.calls == CallForm::indirect)
    config->insertPass(&llvm::FinalizeISelID, llvm::IdentifyingPassPtr(createGotCallsPass()));
  auto *machineModule = new llvm::MachineModuleInfoWrapperPass(&machine);
  passes.add(config);
  passes.add(machineModule);
  if (config->addISelPasses())
    return Failure{"compile", "no instruction selection for " + hostTriple().str(), ""};
  config->addMachinePasses();
  config->setInitialized();
  // The assembler that this makes takes over what is set now.
  std::optional<AlignedCalls> aligned;
  if (!job.isData)
    aligned.emplace(job.calls == CallForm::patchable);
  bool isRefused = machine.addAsmPrinter(passes, out, nullptr, llvm::CodeGenFileType::ObjectFile,
                                         machineModule->getMMI().getContext());
  aligned.reset();
  if (isRefused)
    return Failure{"compile", "this LLVM can't write objects for " + hostTriple().str(), ""};
  passes.add(llvm::createFreeMachineFunctionPass());
  passes.run(module);
  return std::nullopt;
}

Result compileIn(llvm::LLVMContext &context, const Diagnostics &diagnostics, const CompileJob &job) {
  context.setDiscardValueNames(true);
  auto parsed = llvm::parseBitcodeFile(llvm::MemoryBufferRef(job.bitcode, "job"), context);
  if (!parsed)
    return Failure{"bitcode", llvm::toString(parsed.takeError()), ""};
  llvm::Module &module = **parsed;
  if (module.getTargetTriple() != hostTriple() || module.getDataLayout() != hostDataLayout())
    return Failure{"target", "only what ingest returned can be compiled", ""};
  std::unique_ptr<llvm::TargetMachine> machine =
      createTargetMachine(job.isData ? 0 : job.codegenLevel, !job.isData && job.hostCpu);

  if (job.isData) {
    markData(module);
  } else {
    if (job.hostCpu)
      setHostCpu(module);
    if (auto failure = runPasses(module, *machine, job))
      return std::move(*failure);
    // After the passes: what was inlined is no call any more, and a counter would have made it look too large
    // to inline.
    if (job.counters)
      insertCounters(module);
    llvm::StringSet<> near;
    for (const std::string &name : job.near)
      near.insert(name);
    // The counters' cells lie in the engine's data, wherever the job's list was taken from.
    if (job.counters)
      for (const llvm::GlobalVariable &variable : module.globals())
        if (variable.getName().starts_with("__tierlink_counter."))
          near.insert(variable.getName());
    markCode(module, job.calls, near);
  }
  if (diagnostics.hasErrors())
    return Failure{"compile", diagnostics.errors(), ""};
  llvm::SmallVector<char, 0> object;
  if (auto failure = generate(module, *machine, job, object))
    return std::move(*failure);
  if (diagnostics.hasErrors())
    return Failure{"compile", diagnostics.errors(), ""};
  return ObjectBytes(object.begin(), object.end());
}

} // namespace

Result compile(const CompileJob &job) {
  SignalStack signalStack;
  Result result = Failure{"crash", "", ""};
  auto crash = runGuarded([&] {
    llvm::LLVMContext context;
    Diagnostics diagnostics(context);
    result = compileIn(context, diagnostics, job);
  });
  if (crash)
    return Failure{"crash", *crash, ""};
  return result;
}

} // namespace tierlink
