// Reads and writes records as words of 8 bytes: for each the length of its name, the name (filled up to a
// word), the hash, how many counters, these; then for each kind how many sites, for each how many values, for
// each the value and its count.
#include "profile_words.h"

#include <cstring>

namespace tierlink {
namespace {

constexpr size_t wordBytes = sizeof(uint64_t);

class Reader {
public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool atEnd() const { return bytes_.empty(); }
  bool hasFailed() const { return hasFailed_; }

  uint64_t word() {
    uint64_t value = 0;
    if (bytes_.size() < wordBytes) {
      fail();
      return 0;
    }
    std::memcpy(&value, bytes_.data(), wordBytes);
    bytes_.remove_prefix(wordBytes);
    return value;
  }

  /// How many things follow that take so many words each, at least: never more than there is room for.
  size_t count(size_t words) {
    const uint64_t value = word();
    if (value <= bytes_.size() / (words * wordBytes))
      return value;
    fail();
    return 0;
  }

  std::string text() {
    const uint64_t length = word();
    if (length > bytes_.size() || filled(length) > bytes_.size()) {
      fail();
      return {};
    }
    std::string value(bytes_.substr(0, length));
    bytes_.remove_prefix(filled(length));
    return value;
  }

  static size_t filled(size_t length) { return (length + wordBytes - 1) / wordBytes * wordBytes; }

private:
  void fail() {
    hasFailed_ = true;
    bytes_ = {};
  }

  std::string_view bytes_;
  bool hasFailed_ = false;
};

ProfileRecord readRecord(Reader &reader) {
  ProfileRecord record;
  record.name = reader.text();
  record.hash = reader.word();
  record.counts.resize(reader.count(1));
  for (uint64_t &count : record.counts)
    count = reader.word();
  for (auto &sites : record.sites) {
    sites.resize(reader.count(1));
    for (auto &values : sites) {
      values.resize(reader.count(2));
      for (ProfiledValue &value : values) {
        value.value = reader.word();
        value.count = reader.word();
      }
    }
  }
  return record;
}

void addWord(std::string &bytes, uint64_t word) {
  bytes.append(reinterpret_cast<const char *>(&word), wordBytes);
}

} // namespace

std::optional<std::vector<ProfileRecord>> decodeProfile(std::string_view bytes) {
  std::vector<ProfileRecord> records;
  for (Reader reader(bytes); !reader.atEnd();) {
    records.push_back(readRecord(reader));
    if (reader.hasFailed())
      return std::nullopt;
  }
  return records;
}

std::string encodeProfile(const std::vector<ProfileRecord> &records) {
  std::string bytes;
  for (const ProfileRecord &record : records) {
    addWord(bytes, record.name.size());
    bytes += record.name;
    bytes.resize(Reader::filled(bytes.size()));
    addWord(bytes, record.hash);
    addWord(bytes, record.counts.size());
    for (uint64_t count : record.counts)
      addWord(bytes, count);
    for (const auto &sites : record.sites) {
      addWord(bytes, sites.size());
      for (const auto &values : sites) {
        addWord(bytes, values.size());
        for (const ProfiledValue &value : values) {
          addWord(bytes, value.value);
          addWord(bytes, value.count);
        }
      }
    }
  }
  return bytes;
}

} // namespace tierlink
