#include "llvm_disassemble.h"

#include "llvm_guard.h"
#include "llvm_lines.h"
#include "llvm_target.h"

#include "llvm/DebugInfo/DIContext.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <map>
#include <mutex>
#include <optional>

namespace tierlink {
namespace {

using Result = std::variant<std::vector<ShownInstruction>, Failure>;

/// A number that LLVM's X86 target gives this syntax.
constexpr unsigned intelSyntax = 1;

class Disassembly {
public:
  explicit Disassembly(const llvm::object::ELFObjectFileBase &object)
      : object_(object), machine_(createTargetMachine(0, /*useHostCpu=*/false)),
        context_(hostTriple(), machine_->getMCAsmInfo(), machine_->getMCRegisterInfo(),
                 machine_->getMCSubtargetInfo()),
        decoder_(machine_->getTarget().createMCDisassembler(*machine_->getMCSubtargetInfo(), context_)),
        printer_(machine_->getTarget().createMCInstPrinter(
            hostTriple(), intelSyntax, *machine_->getMCAsmInfo(), *machine_->getMCInstrInfo(),
            *machine_->getMCRegisterInfo())),
        lines_(readDebugInfo(object)) {
    printer_->setPrintBranchImmAsAddress(true);
    printer_->setPrintImmHex(true);
  }

  /// Appends the instructions of a function or of its cold part.
  llvm::Error show(const llvm::object::ELFSymbolRef &function, std::vector<ShownInstruction> &shown) {
    auto section = function.getSection();
    if (!section)
      return section.takeError();
    auto contents = (*section)->getContents();
    if (!contents)
      return contents.takeError();
    auto start = function.getValue();
    if (!start)
      return start.takeError();
    readSymbols(**section);
    llvm::StringRef code = contents->substr(*start, function.getSize());
    const uint64_t before = shown.empty() ? 0 : shown.back().offset + shown.back().bytes.size();
    const bool isCold = isColdPart(function);
    for (uint64_t at = 0; at < code.size();) {
      ShownInstruction instruction = decode(code, at, *start, (*section)->getIndex(), before);
      instruction.isCold = isCold;
      at += instruction.bytes.size();
      shown.push_back(std::move(instruction));
    }
    return llvm::Error::success();
  }

private:
  /// What the fields of the section stand for.
  void readSymbols(const llvm::object::SectionRef &section) {
    symbols_.clear();
    for (const llvm::object::SectionRef &other : object_.sections()) {
      auto relocated = other.getRelocatedSection();
      if (!relocated) {
        llvm::consumeError(relocated.takeError());
        continue;
      }
      if (*relocated != section)
        continue;
      for (const llvm::object::ELFRelocationRef relocation : other.relocations())
        if (auto symbol = relocation.getSymbol(); symbol != object_.symbol_end())
          symbols_[relocation.getOffset()] = nameOf(*symbol);
    }
  }

  static std::string nameOf(const llvm::object::SymbolRef &symbol) {
    auto name = symbol.getName();
    if (!name) {
      llvm::consumeError(name.takeError());
      return "";
    }
    if (!name->empty())
      return name->str();
    auto section = symbol.getSection();
    if (!section) {
      llvm::consumeError(section.takeError());
      return "";
    }
    auto sectionName = (*section)->getName();
    if (sectionName)
      return sectionName->str();
    llvm::consumeError(sectionName.takeError());
    return "";
  }

  /// `before`: bytes that are shown before `code`.
  ShownInstruction decode(llvm::StringRef code, uint64_t at, uint64_t start, uint64_t section,
                          uint64_t before) {
    llvm::MCInst instruction;
    uint64_t size = 0;
    auto rest = llvm::arrayRefFromStringRef(code.drop_front(at));
    auto status = decoder_->getInstruction(instruction, size, rest, at, llvm::nulls());
    size = std::min<uint64_t>(std::max<uint64_t>(size, 1), rest.size());
    ShownInstruction shown;
    shown.offset = before + at;
    shown.bytes = code.substr(at, size).str();
    if (status == llvm::MCDisassembler::Success) {
      llvm::raw_string_ostream out(shown.text);
      // What a branch's field is added to.
      printer_->printInst(&instruction, before + at + size, "", *machine_->getMCSubtargetInfo(), out);
      shown.text = llvm::StringRef(shown.text).trim().str();
    } else {
      shown.text = "(bad)";
    }
    auto field = symbols_.lower_bound(start + at);
    if (field != symbols_.end() && field->first < start + at + size)
      shown.symbol = field->second;
    auto line = lines_->getLineInfoForAddress(
        {start + at, section}, {llvm::DILineInfoSpecifier::FileLineInfoKind::AbsoluteFilePath});
    if (line && line->Line != 0) {
      shown.file = line->FileName;
      shown.line = line->Line;
    }
    return shown;
  }

  const llvm::object::ELFObjectFileBase &object_;
  std::unique_ptr<llvm::TargetMachine> machine_;
  llvm::MCContext context_;
  std::unique_ptr<llvm::MCDisassembler> decoder_;
  std::unique_ptr<llvm::MCInstPrinter> printer_;
  std::unique_ptr<llvm::DIContext> lines_;
  /// By offset in the section.
  std::map<uint64_t, std::string> symbols_;
};

llvm::Expected<std::vector<ShownInstruction>> disassembleIn(llvm::StringRef bytes, llvm::StringRef function) {
  auto object = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(bytes, "object"));
  if (!object)
    return object.takeError();
  const auto &elf = llvm::cast<llvm::object::ELFObjectFileBase>(**object);
  std::optional<llvm::object::ELFSymbolRef> hot;
  std::optional<llvm::object::ELFSymbolRef> cold;
  for (const llvm::object::ELFSymbolRef symbol : elf.symbols()) {
    auto name = symbol.getName();
    if (!name)
      return name.takeError();
    if (*name == function && symbol.getELFType() == llvm::ELF::STT_FUNC)
      hot = symbol;
    else if (*name == (function + coldSuffix).str() && isColdPart(symbol))
      cold = symbol;
  }
  if (!hot)
    return llvm::createStringError("the object does not define it");
  Disassembly disassembly(elf);
  std::vector<ShownInstruction> shown;
  if (auto error = disassembly.show(*hot, shown))
    return error;
  if (cold)
    if (auto error = disassembly.show(*cold, shown))
      return error;
  return shown;
}

} // namespace

Result disassemble(std::string_view object, std::string_view function) {
  static std::once_flag ready;
  SignalStack signalStack;
  Result result = Failure{"crash", "", ""};
  auto crash = runGuarded([&] {
    std::call_once(ready, LLVMInitializeX86Disassembler);
    auto shown = disassembleIn(object, function);
    if (shown)
      result = std::move(*shown);
    else
      result = Failure{"compile", llvm::toString(shown.takeError()), std::string(function)};
  });
  if (crash)
    return Failure{"crash", *crash, std::string(function)};
  return result;
}

} // namespace tierlink
