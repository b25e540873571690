#include "ingest_read.h"

#include "llvm_target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/LLVMBitCodes.h"
#include "llvm/Bitstream/BitstreamReader.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/AutoUpgrade.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

namespace tierlink {
namespace {

/// A constant, and so much for each byte of input. Real modules take 20 to 100 bytes for each byte of
/// bitcode.
constexpr size_t budgetBytes = 64ull << 20;
constexpr size_t budgetBytesPerByte = 1000;
/// What bitcode begins with.
constexpr size_t magicBytes = 4;

/// Modules without a layout get the target's before anything depends on it (alignments of loads and stores
/// do); those of an older LLVM get its spelling of today.
std::optional<std::string> upgradedLayout(llvm::StringRef triple, llvm::StringRef layout) {
  if (layout.empty())
    return hostDataLayout().getStringRepresentation();
  return llvm::UpgradeDataLayoutString(layout, triple.empty() ? hostTriple().str() : triple.str());
}

/// LLVM's readers verify modules with debug info on their own account, print what is wrong to stderr and
/// abort. Here ingest does that, once and for all modules.
void keepReadersFromVerifying() {
  static std::once_flag done;
  std::call_once(done, [] {
    auto &options = llvm::cl::getRegisteredOptions();
    if (auto found = options.find("disable-auto-upgrade-debug-info"); found != options.end())
      found->second->addOccurrence(0, "disable-auto-upgrade-debug-info", "true");
  });
}

ReadModule readText(llvm::StringRef bytes, llvm::StringRef name, llvm::LLVMContext &context) {
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

Failure unreadable(llvm::Error error) { return {"bitcode", llvm::toString(std::move(error)), ""}; }

/// The bodies of one module block.
llvm::Error measureBodies(llvm::BitstreamCursor &stream, std::vector<size_t> &sizes) {
  if (llvm::Error error = stream.EnterSubBlock(llvm::bitc::MODULE_BLOCK_ID))
    return error;
  for (;;) {
    auto entry = stream.advance();
    if (!entry)
      return entry.takeError();
    if (entry->Kind == llvm::BitstreamEntry::EndBlock || entry->Kind == llvm::BitstreamEntry::Error)
      return llvm::Error::success();
    if (entry->Kind == llvm::BitstreamEntry::Record) {
      if (auto skipped = stream.skipRecord(entry->ID); !skipped)
        return skipped.takeError();
      continue;
    }
    uint64_t before = stream.GetCurrentBitNo();
    if (llvm::Error error = stream.SkipBlock())
      return error;
    if (entry->ID == llvm::bitc::FUNCTION_BLOCK_ID)
      sizes.push_back((stream.GetCurrentBitNo() - before) / 8);
  }
}

} // namespace

ReadModule readWhole(llvm::StringRef bytes, InputFormat format, llvm::StringRef name,
                     llvm::LLVMContext &context) {
  keepReadersFromVerifying();
  if (format == InputFormat::text)
    return readText(bytes, name, context);
  // Names of local values serve readers only; the text parser, unlike this one, can't do without.
  context.setDiscardValueNames(true);
  auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bytes, name), context,
                                       llvm::ParserCallbacks(upgradedLayout));
  if (!module)
    return unreadable(module.takeError());
  return std::move(*module);
}

ReadModule readLazily(llvm::StringRef bytes, llvm::StringRef name, llvm::LLVMContext &context) {
  keepReadersFromVerifying();
  context.setDiscardValueNames(true);
  // Importing: metadata is read where functions refer to it, not all at once.
  auto module = llvm::getLazyBitcodeModule(llvm::MemoryBufferRef(bytes, name), context,
                                           /*ShouldLazyLoadMetadata=*/true, /*IsImporting=*/true,
                                           llvm::ParserCallbacks(upgradedLayout));
  if (!module)
    return unreadable(module.takeError());
  if (llvm::Error error = (*module)->materializeMetadata())
    return unreadable(std::move(error));
  return std::move(*module);
}

bool canStayLazy(llvm::StringRef bytes, const llvm::Module &module) {
  auto producer = llvm::getBitcodeProducerString(llvm::MemoryBufferRef(bytes, ""));
  if (!producer) {
    llvm::consumeError(producer.takeError());
    return false;
  }
  std::string own = "LLVM" + std::to_string(LLVM_VERSION_MAJOR) + ".";
  if (!llvm::StringRef(*producer).starts_with(own) || module.getNamedMetadata("llvm.dbg.cu") != nullptr)
    return false;
  return llvm::none_of(module, [](const llvm::Function &function) {
    return function.getIntrinsicID() == llvm::Intrinsic::localrecover ||
           function.getName().starts_with("llvm.coro.");
  });
}

std::vector<size_t> bodyBytes(llvm::StringRef bytes) {
  const auto *begin = reinterpret_cast<const unsigned char *>(bytes.begin());
  const auto *end = reinterpret_cast<const unsigned char *>(bytes.end());
  std::vector<size_t> sizes;
  if (llvm::isBitcodeWrapper(begin, end) &&
      llvm::SkipBitcodeWrapperHeader(begin, end, /*VerifyBufferSize=*/true))
    return sizes;
  llvm::BitstreamCursor stream(llvm::ArrayRef(begin, end));
  // What can't be read here can't be read by LLVM either, which says so.
  if (static_cast<size_t>(end - begin) < magicBytes)
    return sizes;
  if (llvm::Error error = stream.JumpToBit(magicBytes * 8)) {
    llvm::consumeError(std::move(error));
    return sizes;
  }
  while (!stream.AtEndOfStream()) {
    auto entry = stream.advance();
    if (!entry) {
      llvm::consumeError(entry.takeError());
      return sizes;
    }
    if (entry->Kind != llvm::BitstreamEntry::SubBlock)
      return sizes;
    llvm::Error error =
        entry->ID == llvm::bitc::MODULE_BLOCK_ID ? measureBodies(stream, sizes) : stream.SkipBlock();
    if (error) {
      llvm::consumeError(std::move(error));
      return sizes;
    }
  }
  return sizes;
}

size_t readerBudget(size_t bytes) { return budgetBytes + (budgetBytesPerByte * bytes); }

} // namespace tierlink
