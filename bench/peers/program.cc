#include "program.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdio>
#include <cstdlib>

namespace peers {

void fail(const std::string &message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(2);
}

Program parseCommandLine(int argc, char **argv) {
  Program program;
  program.arguments.push_back("program");
  bool forProgram = false;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (forProgram)
      program.arguments.push_back(word);
    else if (word == "--")
      forProgram = true;
    else if (word == "-O0" || word == "-O2")
      program.optimize = word == "-O2";
    else
      program.modules.push_back(word);
  }
  if (program.modules.empty())
    fail(std::string("usage: ") + argv[0] + " [-O0|-O2] <module.bc>... [-- <arguments>]");
  return program;
}

std::unique_ptr<llvm::Module> readModule(const std::string &path, llvm::LLVMContext &context) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    fail(path + ": " + buffer.getError().message());
  return orFail(llvm::parseBitcodeFile(**buffer, context));
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

void callMain(void *address, std::vector<std::string> arguments) {
  std::vector<char *> argv;
  for (std::string &argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  auto *main = reinterpret_cast<int (*)(int, char **)>(address);
  // exit flushes stdio; the engine stays alive, for handlers of atexit may lie in its code.
  std::exit(main(static_cast<int>(arguments.size()), argv.data()));
}

} // namespace peers
