#include "llvm_lines.h"

#include "llvm_guard.h"
#include "llvm_target.h"

#include "llvm/DebugInfo/DIContext.h"
#include "llvm/DebugInfo/DWARF/DWARFContext.h"
#include "llvm/Object/ELFObjectFile.h"

#include <map>

namespace tierlink {
namespace {

/// Not by DIContext's search of a range: it takes the lines of all sections, and each begins at 0 here.
class Reader {
public:
  explicit Reader(const llvm::object::ELFObjectFileBase &object)
      : object_(object), context_(readDebugInfo(object)) {}

  llvm::Expected<SourceLines> read() {
    for (const auto &unit : context_->compile_units())
      if (const auto *table = context_->getLineTableForUnit(unit.get()))
        readTable(*table, unit->getCompilationDir());
    for (const llvm::object::ELFSymbolRef symbol : object_.symbols()) {
      if ((symbol.getELFType() != llvm::ELF::STT_FUNC && !isColdPart(symbol)) || symbol.getSize() == 0)
        continue;
      if (auto error = add(symbol))
        return error;
    }
    lines_.files.resize(numbers_.size());
    for (const auto &[file, number] : numbers_)
      lines_.files[number] = file;
    return std::move(lines_);
  }

private:
  /// A section and an offset in it.
  using Place = std::pair<uint64_t, uint64_t>;
  struct Line {
    uint32_t file;
    uint32_t line;
  };

  void readTable(const llvm::DWARFDebugLine::LineTable &table, const char *folder) {
    for (const auto &sequence : table.Sequences)
      for (unsigned i = sequence.FirstRowIndex; i < sequence.LastRowIndex; ++i) {
        const llvm::DWARFDebugLine::Row &row = table.Rows[i];
        std::string file;
        // No line: code that the compiler made by itself. The last of several at one place counts.
        if (row.EndSequence || row.Line == 0 ||
            !table.getFileNameByIndex(row.File, folder == nullptr ? "" : folder,
                                      llvm::DILineInfoSpecifier::FileLineInfoKind::AbsoluteFilePath, file))
          continue;
        rows_[{row.Address.SectionIndex, row.Address.Address}] = {numberOf(file), row.Line};
      }
  }

  llvm::Error add(const llvm::object::ELFSymbolRef &symbol) {
    auto name = symbol.getName();
    if (!name)
      return name.takeError();
    auto section = symbol.getSection();
    if (!section)
      return section.takeError();
    if (*section == object_.section_end())
      return llvm::Error::success();
    auto start = symbol.getValue();
    if (!start)
      return start.takeError();
    FunctionLines function{name->str(), {}};
    const uint64_t index = (*section)->getIndex();
    const auto end = rows_.lower_bound({index, *start + symbol.getSize()});
    for (auto row = rows_.lower_bound({index, *start}); row != end; ++row) {
      const Line &line = row->second;
      function.lines.push_back({static_cast<uint32_t>(row->first.second - *start), line.file, line.line});
    }
    if (!function.lines.empty())
      lines_.functions.push_back(std::move(function));
    return llvm::Error::success();
  }

  uint32_t numberOf(const std::string &file) {
    return numbers_.try_emplace(file, static_cast<uint32_t>(numbers_.size())).first->second;
  }

  const llvm::object::ELFObjectFileBase &object_;
  std::unique_ptr<llvm::DWARFContext> context_;
  std::map<Place, Line> rows_;
  std::map<std::string, uint32_t> numbers_;
  SourceLines lines_;
};

llvm::Expected<SourceLines> readLinesOf(llvm::StringRef bytes) {
  auto object = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(bytes, "object"));
  if (!object)
    return object.takeError();
  return Reader(llvm::cast<llvm::object::ELFObjectFileBase>(**object)).read();
}

} // namespace

bool isColdPart(const llvm::object::ELFSymbolRef &symbol) {
  if (symbol.getELFType() != llvm::ELF::STT_NOTYPE)
    return false;
  auto name = symbol.getName();
  if (!name) {
    llvm::consumeError(name.takeError());
    return false;
  }
  if (!name->ends_with(coldSuffix))
    return false;
  auto section = symbol.getSection();
  if (!section) {
    llvm::consumeError(section.takeError());
    return false;
  }
  if (*section == symbol.getObject()->section_end())
    return false;
  auto sectionName = (*section)->getName();
  if (sectionName)
    return sectionName->starts_with(coldSection);
  llvm::consumeError(sectionName.takeError());
  return false;
}

std::unique_ptr<llvm::DWARFContext> readDebugInfo(const llvm::object::ObjectFile &object) {
  const auto say = [](llvm::Error error) { llvm::consumeError(std::move(error)); };
  return llvm::DWARFContext::create(object, llvm::DWARFContext::ProcessDebugRelocations::Process, nullptr, "",
                                    say, say);
}

std::variant<SourceLines, Failure> readLines(std::string_view object) {
  SignalStack signalStack;
  std::variant<SourceLines, Failure> result;
  auto crash = runGuarded([&] {
    auto lines = readLinesOf(object);
    if (lines)
      result = std::move(*lines);
    else
      result = Failure{"compile", llvm::toString(lines.takeError()), ""};
  });
  if (crash)
    return Failure{"crash", *crash, ""};
  return result;
}

} // namespace tierlink
