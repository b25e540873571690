// MCJIT on RuntimeDyld: all modules are compiled and linked before main is called.
#include "llvm/ExecutionEngine/MCJIT.h"
#include "program.h"
#include "llvm/ExecutionEngine/ExecutionEngine.h"
#include "llvm/ExecutionEngine/SectionMemoryManager.h"
#include "llvm/Support/DynamicLibrary.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;

int main(int argc, char **argv) {
  peers::Program program = peers::parseCommandLine(argc, argv);
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  sys::DynamicLibrary::LoadLibraryPermanently(nullptr);

  // Never destroyed, as is the engine: callMain ends the process.
  auto *context = new LLVMContext();
  std::string error;
  auto first = peers::readModule(program.modules.front(), *context);
  Module &firstModule = *first;
  EngineBuilder builder(std::move(first));
  // Its default code model, large, makes code slower to compile and to run.
  builder.setEngineKind(EngineKind::JIT)
      .setErrorStr(&error)
      .setRelocationModel(Reloc::PIC_)
      .setCodeModel(CodeModel::Small)
      .setOptLevel(program.optimize ? CodeGenOptLevel::Default : CodeGenOptLevel::None)
      .setMCJITMemoryManager(std::make_unique<SectionMemoryManager>());
  TargetMachine *machine = builder.selectTarget();
  ExecutionEngine *engine = builder.create(machine);
  if (engine == nullptr)
    peers::fail(error);
  // MCJIT runs no passes of its own over what it is given.
  if (program.optimize)
    peers::optimize(firstModule, *machine);
  for (size_t i = 1; i < program.modules.size(); ++i) {
    auto module = peers::readModule(program.modules[i], *context);
    module->setDataLayout(engine->getDataLayout());
    if (program.optimize)
      peers::optimize(*module, *machine);
    engine->addModule(std::move(module));
  }
  engine->finalizeObject();
  engine->runStaticConstructorsDestructors(false);
  peers::callMain(reinterpret_cast<void *>(engine->getFunctionAddress("main")), program.arguments);
}
