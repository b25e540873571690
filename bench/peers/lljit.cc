// ORC's LLJIT, eager: all modules are compiled when main is looked up.
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "program.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;

int main(int argc, char **argv) {
  peers::Program program = peers::parseCommandLine(argc, argv);
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();

  auto host = peers::orFail(orc::JITTargetMachineBuilder::detectHost());
  host.setRelocationModel(Reloc::PIC_)
      .setCodeModel(CodeModel::Small)
      .setCodeGenOptLevel(program.optimize ? CodeGenOptLevel::Default : CodeGenOptLevel::None);
  std::shared_ptr<TargetMachine> machine = peers::orFail(host.createTargetMachine());
  // Never destroyed: callMain ends the process.
  auto *jit = peers::orFail(orc::LLJITBuilder().setJITTargetMachineBuilder(host).create()).release();
  if (program.optimize) {
    auto transform = [machine](orc::ThreadSafeModule module, const orc::MaterializationResponsibility &) {
      module.withModuleDo([&](Module &held) { peers::optimize(held, *machine); });
      return Expected<orc::ThreadSafeModule>(std::move(module));
    };
    jit->getIRTransformLayer().setTransform(transform);
  }
  for (const std::string &path : program.modules) {
    auto context = std::make_unique<LLVMContext>();
    auto module = peers::readModule(path, *context);
    peers::orFail(jit->addIRModule(orc::ThreadSafeModule(std::move(module), std::move(context))));
  }
  peers::orFail(jit->initialize(jit->getMainJITDylib()));
  auto address = peers::orFail(jit->lookup("main"));
  peers::callMain(address.toPtr<void *>(), program.arguments);
}
