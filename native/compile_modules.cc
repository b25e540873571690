// Loads modules lazily, counts what they take, and drops the ones that were used longest ago.
#include "compile_modules.h"

#include "ingest_source.h"
#include "llvm_memory.h"
#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/PassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/MD5.h"
#include "llvm/Support/raw_ostream.h"
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

ReadModule loadCode(llvm::StringRef code, llvm::LLVMContext &context) {
  AllocationBudget budget(readerBudget(code.size()));
  return isSource(code) ? loadSource(code, context) : readLazily(code, "job", context);
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
  auto [known, isNew] = read_.try_emplace(&function);
  if (isNew)
    known->second = readNow(function);
  return known->second;
}

std::optional<Failure> LazyModule::readNow(llvm::Function &function) {
  if (isBroken_)
    return Failure{"bitcode", "another function of the module can't be read", function.getName().str()};
  {
    AllocationBudget budget(readerBudget(bitcode_->bytes.size()));
    if (llvm::Error error = function.materialize()) {
      isBroken_ = true;
      return Failure{"bitcode", llvm::toString(std::move(error)), function.getName().str()};
    }
  }
  bytes_ += function.getInstructionCount() * bytesPerInstruction;
  if (isSource(bitcode_->bytes)) {
    std::string text;
    llvm::raw_string_ostream out(text);
    if (llvm::verifyFunction(function, &out))
      return Failure{"verify", text, function.getName().str()};
  }
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
  if (found != modules_.end() && found->isBroken()) {
    modules_.erase(found);
    found = modules_.end();
  }
  if (found != modules_.end()) {
    modules_.splice(modules_.begin(), modules_, found);
    return &modules_.front();
  }
  auto loaded = loadCode(bitcode->bytes, context_);
  if (auto *failure = std::get_if<Failure>(&loaded))
    return std::move(*failure);
  std::unique_ptr<llvm::Module> module = std::move(std::get<0>(loaded));
  if (module->getTargetTriple() != hostTriple() || module->getDataLayout() != hostDataLayout())
    return Failure{"target", "only what ingest returned can be compiled", ""};
  modules_.emplace_front(std::move(bitcode), std::move(module));
  wornBytes_ += modules_.front().bytes();
  return &modules_.front();
}

void Workspace::forget(const SharedBitcode *bitcode) {
  modules_.remove_if(
      [&](const LazyModule &module) { return &module.bitcode() == bitcode || module.bitcode().isGone; });
}

Machinery &Workspace::machineryFor(const CompileJob &job) {
  auto found = llvm::find_if(machinery_, [&](const Machinery &kept) { return kept.fits(job); });
  if (found != machinery_.end() && !found->isWorn()) {
    machinery_.splice(machinery_.begin(), machinery_, found);
    return machinery_.front();
  }
  if (found != machinery_.end())
    machinery_.erase(found);
  else if (machinery_.size() == keptMachinery)
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
  workspace->makeRoom();
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
