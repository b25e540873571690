// What both engines share: the command line, reading bitcode, optimising, calling main.
#pragma once

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <string>
#include <vector>

namespace peers {

// `<engine> -O0|-O2 <module.bc>... -- <arguments>`
struct Program {
  bool optimize = false;
  std::vector<std::string> modules;
  std::vector<std::string> arguments; // argv[0] first
};

// Ends the process with a message if the words make no sense.
Program parseCommandLine(int argc, char **argv);

// Ends the process if the file is no bitcode.
std::unique_ptr<llvm::Module> readModule(const std::string &path, llvm::LLVMContext &context);

// What `clang -O2` does to a module.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

// Calls the program's main as the C library would, and ends the process with what it returns.
[[noreturn]] void callMain(void *address, std::vector<std::string> arguments);

// Ends the process with a message.
[[noreturn]] void fail(const std::string &message);

template <typename Value> Value orFail(llvm::Expected<Value> value) {
  if (!value)
    fail(llvm::toString(value.takeError()));
  return static_cast<Value &&>(*value);
}

inline void orFail(llvm::Error error) {
  if (error)
    fail(llvm::toString(std::move(error)));
}

} // namespace peers
