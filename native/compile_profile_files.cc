// Profiles as files have them: indexed, of IR, as llvm-profdata and clang read and write them.
#include "compile_profile.h"

#include "llvm_guard.h"

#include "llvm/ProfileData/InstrProf.h"
#include "llvm/ProfileData/InstrProfReader.h"
#include "llvm/ProfileData/InstrProfWriter.h"
#include "llvm/Support/MemoryBuffer.h"

#include <mutex>

namespace tierlink {
namespace {

using Records = std::vector<ProfileRecord>;

Failure unreadable(std::string reason) { return {"profile", std::move(reason), ""}; }

std::variant<Records, Failure> readIndexed(std::string_view bytes) {
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(bytes, "profile");
  if (!llvm::IndexedInstrProfReader::hasFormat(*buffer))
    return unreadable("it is no indexed profile; llvm-profdata merge makes one of raw ones");
  auto opened = llvm::IndexedInstrProfReader::create(std::move(buffer));
  if (!opened)
    return unreadable(llvm::toString(opened.takeError()));
  llvm::IndexedInstrProfReader &reader = **opened;
  if (!reader.isIRLevelProfile() || reader.functionEntryOnly() || reader.hasSingleByteCoverage())
    return unreadable("it does not count the edges of IR (clang -fprofile-generate does)");
  if (reader.instrEntryBBEnabled() || reader.instrLoopEntriesEnabled())
    return unreadable("its counters are placed at entries or loops, which tierlink's are not");
  Records records;
  for (const llvm::NamedInstrProfRecord &read : reader) {
    // Counted after inlining, of code that is not canonical.
    if (llvm::NamedInstrProfRecord::hasCSFlagInHash(read.Hash))
      continue;
    ProfileRecord &record = records.emplace_back();
    record.name = read.Name.str();
    record.hash = read.Hash;
    record.counts = read.Counts;
    for (uint32_t kind = 0; kind < record.sites.size(); ++kind)
      for (uint32_t site = 0; site < read.getNumValueSites(kind); ++site) {
        auto &values = record.sites[kind].emplace_back();
        for (const InstrProfValueData &value : read.getValueArrayForSite(kind, site))
          values.push_back({value.Value, value.Count});
      }
  }
  if (reader.hasError())
    return unreadable(llvm::toString(reader.getError()));
  return records;
}

std::variant<std::string, Failure> writeIndexed(const Records &records) {
  llvm::InstrProfWriter writer;
  std::string problem;
  auto note = [&](llvm::Error error) { problem = llvm::toString(std::move(error)); };
  if (llvm::Error error = writer.mergeProfileKind(llvm::InstrProfKind::IRInstrumentation))
    note(std::move(error));
  for (const ProfileRecord &record : records) {
    writer.addRecord(toLlvm(record), note);
  }
  if (!problem.empty())
    return unreadable(problem);
  return indexed(writer)->getBuffer().str();
}

template <class Value, class Work> std::variant<Value, Failure> guarded(Work work) {
  SignalStack signalStack;
  std::variant<Value, Failure> result = Failure{"profile", "", ""};
  if (auto crash = runGuarded([&] { result = work(); }))
    return unreadable(*crash);
  return result;
}

} // namespace

std::unique_ptr<llvm::MemoryBuffer> indexed(llvm::InstrProfWriter &writer) {
  static std::mutex mutex;
  std::lock_guard<std::mutex> guard(mutex);
  return writer.writeBuffer();
}

llvm::NamedInstrProfRecord toLlvm(const ProfileRecord &record) {
  llvm::NamedInstrProfRecord written(record.name, record.hash, record.counts);
  for (uint32_t kind = 0; kind < record.sites.size(); ++kind)
    for (uint32_t site = 0; site < record.sites[kind].size(); ++site) {
      std::vector<InstrProfValueData> data;
      for (const ProfiledValue &value : record.sites[kind][site])
        data.push_back({value.value, value.count});
      written.addValueData(kind, site, data, nullptr);
    }
  return written;
}

std::variant<Records, Failure> readProfile(std::string_view bytes) {
  return guarded<Records>([&] { return readIndexed(bytes); });
}

std::variant<std::string, Failure> writeProfile(const Records &records) {
  return guarded<std::string>([&] { return writeIndexed(records); });
}

} // namespace tierlink
