// Ingest's step before all others: coroutines are taken apart. What a coroutine keeps in its frame, and the
// functions that go on with it, must be the same at every tier: a frame outlives the version that made it,
// and no scan of stacks sees the code addresses in it. Split here, those functions are functions like others,
// with a stub each.
#include "ingest_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/Coroutines/CoroCleanup.h"
#include "llvm/Transforms/Coroutines/CoroEarly.h"
#include "llvm/Transforms/Coroutines/CoroSplit.h"

namespace tierlink {

void splitCoroutines(llvm::Module &module) {
  if (llvm::none_of(module, [](const llvm::Function &function) {
        return function.getName().starts_with("llvm.coro.");
      }))
    return;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  passes.addPass(llvm::CoroEarlyPass());
  passes.addPass(llvm::createModuleToPostOrderCGSCCPassAdaptor(llvm::CoroSplitPass(/*OptimizeFrame=*/true)));
  passes.addPass(llvm::CoroCleanupPass());
  passes.run(module, modules);
}

} // namespace tierlink
