// Loads modules lazily, counts what they take, and drops the ones that were used longest ago.
#include "compile_modules.h"

#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Support/MD5.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Transforms/Scalar/LowerExpectIntrinsic.h"

#include <algorithm>

namespace tierlink {
namespace {

/// Together, modules of one workspace may take so much; with one more than that, the oldest goes.
constexpr size_t modulesBytes = 64ull << 20;
/// A context never frees types, constants and metadata: after so many bytes it is replaced by a new one.
constexpr size_t contextBytes = 256ull << 20;
/// Rough averages, measured on Lua: a module before any body is read, for each byte of bitcode; a body, for
/// each instruction.
constexpr size_t bytesPerByte = 2;
constexpr size_t bytesPerInstruction = 150;
/// What stays in a context of each instruction that was compiled: constants, types and attributes that are
/// new.
constexpr size_t wornBytesPerInstruction = 20;

/// As many as a ladder has rungs, with some room: a few megabytes each.
constexpr size_t keptMachinery = 8;

/// A compile unit lists the whole module's variables and types. Each object would describe all of them again.
void slimDebugInfo(llvm::Module &module) {
  for (llvm::DICompileUnit *unit : module.debug_compile_units()) {
    unit->replaceEnumTypes(nullptr);
    unit->replaceRetainedTypes(nullptr);
    unit->replaceGlobalVariables(nullptr);
    unit->replaceImportedEntities(nullptr);
    unit->replaceMacros(nullptr);
  }
}

} // namespace

LazyModule::LazyModule(std::shared_ptr<const SharedBitcode> bitcode, std::unique_ptr<llvm::Module> module)
    : bitcode_(std::move(bitcode)), module_(std::move(module)),
      bytes_(bitcode_->bytes.size() * bytesPerByte) {
  for (const llvm::Function &function : *module_)
    if (function.getIntrinsicID() == llvm::Intrinsic::expect ||
        function.getIntrinsicID() == llvm::Intrinsic::expect_with_probability)
      hasExpectations_ = true;
  for (const llvm::Function &function : *module_)
    if (!function.isDeclaration())
      indices_.try_emplace(&function, indices_.size());
}

llvm::Function *LazyModule::definition(llvm::StringRef name) const {
  llvm::Function *function = module_->getFunction(name);
  return function == nullptr || function->isDeclaration() ? nullptr : function;
}

llvm::Function *LazyModule::definition(uint64_t nameHash) {
  if (byHash_.empty())
    for (llvm::Function &function : *module_)
      if (!function.isDeclaration())
        byHash_.try_emplace(llvm::MD5Hash(function.getName()), &function);
  return byHash_.lookup(nameHash);
}

std::optional<Failure> LazyModule::read(llvm::Function &function) {
  if (!function.isMaterializable())
    return std::nullopt;
  if (llvm::Error error = function.materialize())
    return Failure{"bitcode", llvm::toString(std::move(error)), function.getName().str()};
  bytes_ += function.getInstructionCount() * bytesPerInstruction;
  // Now, so that what is made of a body never depends on whether somebody looked at its branches before.
  if (hasExpectations_) {
    llvm::FunctionAnalysisManager none;
    llvm::LowerExpectIntrinsicPass().run(function, none);
  }
  return std::nullopt;
}

Workspace::Workspace() : diagnostics_(context_) { context_.setDiscardValueNames(true); }

bool Workspace::has(const SharedBitcode &bitcode) const {
  return llvm::any_of(modules_, [&](const LazyModule &module) { return &module.bitcode() == &bitcode; });
}

std::variant<LazyModule *, Failure> Workspace::load(std::shared_ptr<const SharedBitcode> bitcode) {
  auto found =
      llvm::find_if(modules_, [&](const LazyModule &module) { return &module.bitcode() == bitcode.get(); });
  if (found != modules_.end()) {
    modules_.splice(modules_.begin(), modules_, found);
    return &modules_.front();
  }
  // Importing: metadata is read where functions refer to it, not all at once.
  auto parsed = llvm::getLazyBitcodeModule(llvm::MemoryBufferRef(bitcode->bytes, "job"), context_,
                                           /*ShouldLazyLoadMetadata=*/true, /*IsImporting=*/true);
  if (!parsed)
    return Failure{"bitcode", llvm::toString(parsed.takeError()), ""};
  std::unique_ptr<llvm::Module> module = std::move(*parsed);
  if (module->getTargetTriple() != hostTriple() || module->getDataLayout() != hostDataLayout())
    return Failure{"target", "only what ingest returned can be compiled", ""};
  if (llvm::Error error = module->materializeMetadata())
    return Failure{"bitcode", llvm::toString(std::move(error)), ""};
  slimDebugInfo(*module);
  modules_.emplace_front(std::move(bitcode), std::move(module));
  wornBytes_ += modules_.front().bytes();
  makeRoom();
  return &modules_.front();
}

void Workspace::forget(const SharedBitcode *bitcode) {
  modules_.remove_if(
      [&](const LazyModule &module) { return &module.bitcode() == bitcode || module.bitcode().isGone; });
}

Machinery &Workspace::machineryFor(const CompileJob &job) {
  auto found = llvm::find_if(machinery_, [&](const Machinery &kept) { return kept.fits(job); });
  if (found != machinery_.end()) {
    machinery_.splice(machinery_.begin(), machinery_, found);
    return machinery_.front();
  }
  if (machinery_.size() == keptMachinery)
    machinery_.pop_back();
  return machinery_.emplace_front(job);
}

void Workspace::addCopied(size_t instructions) { wornBytes_ += instructions * wornBytesPerInstruction; }

bool Workspace::isWorn() const { return wornBytes_ > contextBytes; }

void Workspace::makeRoom() {
  size_t total = 0;
  for (auto module = modules_.begin(); module != modules_.end();) {
    total += module->bytes();
    module = total > modulesBytes && module != modules_.begin() ? modules_.erase(module) : std::next(module);
  }
}

std::unique_ptr<Workspace> Workspaces::take(const SharedBitcode &bitcode) {
  std::lock_guard lock(mutex_);
  if (idle_.empty())
    return std::make_unique<Workspace>();
  auto found = std::ranges::find_if(idle_, [&](const auto &workspace) { return workspace->has(bitcode); });
  if (found == idle_.end())
    found = std::prev(idle_.end());
  std::unique_ptr<Workspace> taken = std::move(*found);
  idle_.erase(found);
  return taken;
}

void Workspaces::giveBack(std::unique_ptr<Workspace> workspace) {
  std::lock_guard lock(mutex_);
  // Within the lock, so that whatever is gone was either marked before, or is found idle by forget().
  workspace->forget(nullptr);
  idle_.push_back(std::move(workspace));
}

void Workspaces::forget(const SharedBitcode &bitcode) {
  std::lock_guard lock(mutex_);
  for (const auto &workspace : idle_)
    workspace->forget(&bitcode);
}

} // namespace tierlink
