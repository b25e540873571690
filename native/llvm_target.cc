// Creates target machines; LLVM's X86 target is initialised by the first one that is asked for.
#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <mutex>

namespace tierlink {
namespace {

const llvm::Target &x86Target() {
  static const llvm::Target *target = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    std::string error;
    const llvm::Target *found = llvm::TargetRegistry::lookupTarget(hostTriple(), error);
    if (found == nullptr)
      llvm::report_fatal_error(llvm::StringRef(error));
    return found;
  }();
  return *target;
}

} // namespace

const llvm::Triple &hostTriple() {
  static const llvm::Triple triple(llvm::sys::getProcessTriple());
  return triple;
}

const llvm::DataLayout &hostDataLayout() {
  // From the triple alone: reading modules needs no target, and initialising it takes milliseconds.
  static const llvm::DataLayout layout(hostTriple().computeDataLayout());
  return layout;
}

const HostCpu &hostCpu() {
  static const HostCpu cpu = [] {
    llvm::SubtargetFeatures features;
    for (const auto &entry : llvm::sys::getHostCPUFeatures())
      features.AddFeature(entry.getKey(), entry.getValue());
    return HostCpu{llvm::sys::getHostCPUName().str(), features.getString()};
  }();
  return cpu;
}

bool isTargetFeature(llvm::StringRef name) {
  static const std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      x86Target().createMCSubtargetInfo(hostTriple(), "", ""));
  return llvm::any_of(subtarget->getAllProcessorFeatures(),
                      [&](const llvm::SubtargetFeatureKV &one) { return name == one.Key; });
}

std::unique_ptr<llvm::TargetMachine> createTargetMachine(int level, bool useHostCpu, bool split) {
  llvm::TargetOptions options;
  // One section a function, so that the linker can place and drop each by itself.
  options.FunctionSections = true;
  options.DataSections = false;
  options.EnableMachineFunctionSplitter = split;
  // Emulated thread-locals don't see those of shared libraries.
  options.EmulatedTLS = false;
  options.EnableTLSDESC = false;
  // Where nothing should come, a trap says so; behind calls that never return nothing does.
  options.TrapUnreachable = true;
  options.NoTrapAfterNoreturn = true;
  llvm::StringRef cpu = useHostCpu ? llvm::StringRef(hostCpu().name) : "x86-64";
  llvm::StringRef features = useHostCpu ? llvm::StringRef(hostCpu().features) : "";
  // The code model is explicit and the machine is not a "JIT" one: that would choose Large, which FastISel
  // declines.
  return std::unique_ptr<llvm::TargetMachine>(x86Target().createTargetMachine(
      hostTriple(), cpu, features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small,
      static_cast<llvm::CodeGenOptLevel>(level), /*JIT=*/false));
}

} // namespace tierlink
