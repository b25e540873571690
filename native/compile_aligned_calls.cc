// Calls whose displacement can be stored while they are being executed: it must lie within one cache line.
#include "compile_parts.h"

#include "llvm/Support/CommandLine.h"

namespace tierlink {
namespace {

std::mutex &assemblers() {
  static auto *mutex = new std::mutex;
  return *mutex;
}

void set(llvm::StringRef name, llvm::StringRef value) {
  auto &options = llvm::cl::getRegisteredOptions();
  if (auto found = options.find(name); found != options.end())
    found->second->addOccurrence(0, name, value);
}

void unset(llvm::StringRef name) {
  auto &options = llvm::cl::getRegisteredOptions();
  if (auto found = options.find(name); found != options.end())
    found->second->reset();
}

} // namespace

AlignedCalls::AlignedCalls(bool isWanted) : guard_(assemblers()), isWanted_(isWanted) {
  if (!isWanted)
    return;
  set("x86-align-branch-boundary", "32");
  set("x86-align-branch", "call+indirect");
}

AlignedCalls::~AlignedCalls() {
  if (!isWanted_)
    return;
  unset("x86-align-branch-boundary");
  unset("x86-align-branch");
}

} // namespace tierlink
