// Reads and checks a module, then runs the steps of ingest_parts.h over it.
#include "ingest.h"

#include "ingest_parts.h"
#include "llvm_guard.h"
#include "llvm_memory.h"
#include "llvm_target.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/AutoUpgrade.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Metadata.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

namespace tierlink {
namespace {

using Result = std::variant<Ingested, Failure>;

/// What reading, checking and splitting may allocate, freed or not: a constant, and so much for each byte of
/// input. Real modules take 20 to 100 bytes for each byte of bitcode.
constexpr size_t budgetBytes = 64ull << 20;
constexpr size_t budgetBytesPerByte = 1000;

/// Modules without a layout get the target's before anything depends on it (alignments of loads and stores
/// do); those of an older LLVM get its spelling of today.
std::optional<std::string> upgradedLayout(llvm::StringRef triple, llvm::StringRef layout) {
  if (layout.empty())
    return hostDataLayout().getStringRepresentation();
  return llvm::UpgradeDataLayoutString(layout, triple.empty() ? hostTriple().str() : triple.str());
}

/// LLVM's readers verify modules with debug info on their own account, print what is wrong to stderr and
/// abort. Here checkValidity does that, once and for all modules.
void keepReadersFromVerifying() {
  static std::once_flag done;
  std::call_once(done, [] {
    auto &options = llvm::cl::getRegisteredOptions();
    if (auto found = options.find("disable-auto-upgrade-debug-info"); found != options.end())
      found->second->addOccurrence(0, "disable-auto-upgrade-debug-info", "true");
  });
}

std::variant<std::unique_ptr<llvm::Module>, Failure> parse(llvm::StringRef bytes, InputFormat format,
                                                           llvm::StringRef name, llvm::LLVMContext &context) {
  if (format == InputFormat::text) {
    llvm::SMDiagnostic error;
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(bytes, name);
    auto module = llvm::parseAssembly(buffer->getMemBufferRef(), error, context, nullptr, upgradedLayout);
    if (module)
      return module;
    std::string text;
    llvm::raw_string_ostream out(text);
    error.print(nullptr, out, /*ShowColors=*/false);
    return Failure{"parse", text, ""};
  }
  // Names of local values serve readers only; the text parser, unlike this one, can't do without.
  context.setDiscardValueNames(true);
  auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bytes, name), context,
                                       llvm::ParserCallbacks(upgradedLayout));
  if (module)
    return std::move(*module);
  return Failure{"bitcode", llvm::toString(module.takeError()), ""};
}

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

Result ingestIn(llvm::LLVMContext &context, llvm::StringRef bytes, InputFormat format, unsigned moduleId,
                llvm::StringRef name) {
  auto parsed = parse(bytes, format, name, context);
  if (auto *failure = std::get_if<Failure>(&parsed))
    return std::move(*failure);
  llvm::Module &module = *std::get<std::unique_ptr<llvm::Module>>(parsed);
  if (auto failure = checkTarget(module))
    return std::move(*failure);
  if (auto failure = checkValidity(module))
    return std::move(*failure);

  splitCoroutines(module);
  IngestState state(module, moduleId);
  for (auto *step : {cleanModule, resolveAliases, promoteSymbols})
    if (auto failure = step(state))
      return std::move(*failure);
  takeStructors(state);
  std::unique_ptr<llvm::Module> data = splitData(state);
  findTies(state);
  Ingested result;
  result.summary = summarise(state, data.get());
  dropUnusedDeclarations(state);
  result.code = writeBitcode(module);
  if (data)
    result.data = writeBitcode(*data);
  return result;
}

} // namespace

Result ingest(llvm::StringRef bytes, InputFormat format, unsigned moduleId, llvm::StringRef name) {
  keepReadersFromVerifying();
  SignalStack signalStack;
  AllocationBudget budget(budgetBytes + (budgetBytesPerByte * bytes.size()));
  Result result = Failure{"crash", "", ""};
  auto crash = runGuarded([&] {
    llvm::LLVMContext context;
    Diagnostics diagnostics(context);
    Result outcome = ingestIn(context, bytes, format, moduleId, name);
    if (diagnostics.hasErrors() && std::holds_alternative<Ingested>(outcome))
      outcome = Failure{format == InputFormat::text ? "parse" : "bitcode", diagnostics.errors(), ""};
    result = std::move(outcome);
  });
  if (!crash)
    return result;
  // A reader that crashes met bytes that no writer produced.
  return Failure{format == InputFormat::bitcode ? "bitcode" : "crash", *crash, ""};
}

} // namespace tierlink
