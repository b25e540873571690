// Reads and checks a module, then runs the steps of ingest_parts.h over it.
#include "ingest.h"

#include "ingest_parts.h"
#include "ingest_read.h"
#include "ingest_source.h"
#include "llvm_guard.h"
#include "llvm_memory.h"
#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Metadata.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

namespace tierlink {
namespace {

using Result = std::variant<Ingested, Failure>;

std::optional<Failure> checkTarget(llvm::Module &module) {
  const llvm::Triple &triple = module.getTargetTriple();
  bool fits = triple.str().empty() || (triple.getArch() == llvm::Triple::x86_64 && triple.isOSLinux() &&
                                       !triple.isX32() && triple.isOSBinFormatELF());
  if (!fits)
    return Failure{"target", "triple '" + triple.str() + "', expected '" + hostTriple().str() + "'", ""};
  if (module.getDataLayout() != hostDataLayout())
    return Failure{"target",
                   "data layout '" + module.getDataLayoutStr() + "', expected '" +
                       hostDataLayout().getStringRepresentation() + "'",
                   ""};
  module.setTargetTriple(hostTriple());
  return std::nullopt;
}

std::optional<Failure> checkValidity(llvm::Module &module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  bool brokenDebugInfo = false;
  if (llvm::verifyModule(module, &out, &brokenDebugInfo))
    return Failure{"verify", text, ""};
  // As LLVM's own tools do: debug info never decides whether a program runs.
  bool isOtherVersion = module.getNamedMetadata("llvm.dbg.cu") != nullptr &&
                        llvm::getDebugMetadataVersionFromModule(module) != llvm::DEBUG_METADATA_VERSION;
  if (brokenDebugInfo || isOtherVersion)
    llvm::StripDebugInfo(module);
  // Types and variables take most of debug info, and nothing reads them.
  if (module.getNamedMetadata("llvm.dbg.cu") != nullptr)
    llvm::stripNonLineTableDebugInfo(module);
  return std::nullopt;
}

/// Without the table of symbols that WriteBitcodeToFile adds: only static linkers read it.
std::vector<char> writeBitcode(const llvm::Module &module) {
  llvm::SmallVector<char, 0> bytes;
  llvm::BitcodeWriter writer(bytes);
  writer.writeModule(module);
  writer.writeStrtab();
  return {bytes.begin(), bytes.end()};
}

/// The module as canonical code begins: complete, or, if it can be and is to be, without bodies.
ReadModule read(llvm::LLVMContext &context, const IngestSource &source) {
  if (isSource(source.bytes))
    return readWhole(bitcodeOf(source.bytes), InputFormat::bitcode, source.name, context);
  if (source.format == InputFormat::bitcode && source.lazy) {
    ReadModule lazily = readLazily(source.bytes, source.name, context);
    auto *module = std::get_if<std::unique_ptr<llvm::Module>>(&lazily);
    if (module == nullptr || (canStayLazy(source.bytes, **module) && !hasLabelVariables(**module)))
      return lazily;
  }
  return readWhole(source.bytes, source.format, source.name, context);
}

Result ingestIn(llvm::LLVMContext &context, const IngestSource &source) {
  auto parsed = read(context, source);
  if (auto *failure = std::get_if<Failure>(&parsed))
    return std::move(*failure);
  llvm::Module &module = *std::get<std::unique_ptr<llvm::Module>>(parsed);
  if (auto failure = checkTarget(module))
    return std::move(*failure);
  if (auto failure = checkValidity(module))
    return std::move(*failure);

  IngestState state(module, source.moduleId);
  state.unread = llvm::any_of(module, [](const llvm::Function &f) { return f.isMaterializable(); });
  if (!state.unread)
    splitCoroutines(module);
  if (auto failure = makeCanonical(state))
    return std::move(*failure);
  std::unique_ptr<llvm::Module> data = splitData(state);
  findTies(state);
  Ingested result;
  result.summary =
      summarise(state, data.get(), state.unread ? bodyBytes(source.bytes) : std::vector<size_t>());
  if (state.unread) {
    result.code = keepSource(source.bytes, source.moduleId);
  } else {
    dropUnusedDeclarations(module);
    result.code = writeBitcode(module);
  }
  if (data)
    result.data = writeBitcode(*data);
  return result;
}

} // namespace

std::optional<Failure> makeCanonical(IngestState &state) {
  for (auto *step : {cleanModule, resolveAliases, promoteSymbols})
    if (auto failure = step(state))
      return failure;
  takeStructors(state);
  return std::nullopt;
}

Result ingest(const IngestSource &source) {
  SignalStack signalStack;
  AllocationBudget budget(readerBudget(source.bytes.size()));
  Result result = Failure{"crash", "", ""};
  auto crash = runGuarded([&] {
    llvm::LLVMContext context;
    Diagnostics diagnostics(context);
    Result outcome = ingestIn(context, source);
    if (diagnostics.hasErrors() && std::holds_alternative<Ingested>(outcome))
      outcome = Failure{source.format == InputFormat::text ? "parse" : "bitcode", diagnostics.errors(), ""};
    result = std::move(outcome);
  });
  if (!crash)
    return result;
  // A reader that crashes met bytes that no writer produced.
  return Failure{source.format == InputFormat::bitcode ? "bitcode" : "crash", *crash, ""};
}

} // namespace tierlink
