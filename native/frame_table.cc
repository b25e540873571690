// Job: reads .eh_frame (LSB 5.0, 10.6.1) with every access bounded.
#include "frame_table.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace tierlink {
namespace {

// DW_EH_PE_*: the low half of an encoding says how a value is stored, the high half what it is relative to.
enum Encoding : uint8_t {
  absolutePointer = 0x00,
  udata2 = 0x02,
  udata4 = 0x03,
  udata8 = 0x04,
  sdata2 = 0x0a,
  sdata4 = 0x0b,
  sdata8 = 0x0c,
  formatMask = 0x0f,
  relativeToPlace = 0x10,
  relationMask = 0xf0,
};

class Reader {
public:
  Reader(AddressRange bytes, size_t at) : bytes_(bytes), at_(at) {}

  bool failed() const { return failed_; }
  uintptr_t place() const { return bytes_.start + at_; }

  template <typename Value> Value take() {
    Value value{};
    if (failed_ || bytes_.bytes - at_ < sizeof value) {
      failed_ = true;
      return value;
    }
    std::memcpy(&value, reinterpret_cast<const void *>(place()), sizeof value);
    at_ += sizeof value;
    return value;
  }

  void skip(size_t bytes) {
    if (failed_ || bytes_.bytes - at_ < bytes)
      failed_ = true;
    else
      at_ += bytes;
  }

  void skipLeb128() {
    while ((take<uint8_t>() & 0x80) != 0 && !failed_)
      ;
  }

  // The stored value, sign-extended where its format is signed.
  uint64_t takeStored(uint8_t encoding) {
    switch (encoding & formatMask) {
    case absolutePointer:
    case udata8:
    case sdata8:
      return take<uint64_t>();
    case udata2:
      return take<uint16_t>();
    case udata4:
      return take<uint32_t>();
    case sdata2:
      return static_cast<uint64_t>(int64_t{take<int16_t>()});
    case sdata4:
      return static_cast<uint64_t>(int64_t{take<int32_t>()});
    default:
      failed_ = true;
      return 0;
    }
  }

private:
  const AddressRange bytes_;
  size_t at_;
  bool failed_ = false;
};

// How the entries of a CIE, which starts behind its length and zero, store addresses.
std::optional<uint8_t> addressEncoding(Reader reader) {
  const auto version = reader.take<uint8_t>();
  if (version != 1 && version != 3)
    return std::nullopt;
  char letters[8] = {};
  for (size_t length = 0;; ++length) {
    if (length == sizeof letters)
      return std::nullopt;
    letters[length] = reader.take<char>();
    if (letters[length] == '\0')
      break;
  }
  if (letters[0] == '\0')
    return reader.failed() ? std::nullopt : std::optional<uint8_t>(absolutePointer);
  if (letters[0] != 'z')
    return std::nullopt;
  reader.skipLeb128(); // code alignment
  reader.skipLeb128(); // data alignment
  if (version == 1)
    reader.skip(1); // column of the return address
  else
    reader.skipLeb128();
  reader.skipLeb128(); // bytes that the letters take
  uint8_t encoding = absolutePointer;
  for (const char *letter = letters + 1; *letter != '\0'; ++letter) {
    if (*letter == 'R') {
      encoding = reader.take<uint8_t>();
    } else if (*letter == 'P') {
      const auto personality = reader.take<uint8_t>();
      reader.takeStored(personality);
    } else if (*letter == 'L') {
      reader.skip(1);
    } else if (*letter != 'S' && *letter != 'B') {
      return std::nullopt;
    }
  }
  const uint8_t relation = encoding & relationMask;
  if (reader.failed() || (relation != 0 && relation != relativeToPlace))
    return std::nullopt;
  return encoding;
}

} // namespace

std::unique_ptr<const FrameTable> FrameTable::read(AddressRange section, AddressRange code,
                                                   std::string &failure) {
  if (section.start == 0 || section.bytes == 0 || section.bytes > UINT32_MAX || code.bytes > UINT32_MAX ||
      section.end() < section.start || code.end() < code.start) {
    failure = "there is no frame table at this address";
    return nullptr;
  }
  std::unique_ptr<FrameTable> table(new FrameTable(section, code));
  const auto refuse = [&](const char *what, size_t at) {
    failure = std::string("the frame table ") + what + " at offset " + std::to_string(at);
    return nullptr;
  };
  size_t lastCommon = SIZE_MAX;
  uint8_t encoding = 0;
  for (size_t at = 0; at < section.bytes;) {
    Reader reader(section, at);
    const auto bytes = reader.take<uint32_t>();
    if (!reader.failed() && bytes == 0)
      break; // the terminator
    if (reader.failed() || bytes < sizeof(uint32_t) || bytes > section.bytes - at - sizeof bytes)
      return refuse("is cut off", at);
    const auto back = reader.take<uint32_t>();
    const size_t next = at + sizeof bytes + bytes;
    if (back != 0) {
      // The distance is from its own field; the entry's common part lies before it.
      const size_t field = at + sizeof bytes;
      if (back > field)
        return refuse("has an entry without its common part", at);
      if (lastCommon != field - back) {
        lastCommon = field - back;
        Reader common(section, lastCommon);
        const auto commonBytes = common.take<uint32_t>();
        if (common.failed() || commonBytes > section.bytes - lastCommon - sizeof commonBytes ||
            common.take<uint32_t>() != 0)
          return refuse("has an entry without its common part", at);
        const auto found = addressEncoding(
            Reader({section.start, lastCommon + sizeof commonBytes + commonBytes}, lastCommon + 8));
        if (!found)
          return refuse("has an entry of an unknown kind", at);
        encoding = *found;
      }
      Reader own({section.start, next}, field + sizeof back);
      const uintptr_t place = own.place();
      const uint64_t stored = own.takeStored(encoding);
      const uint64_t length = own.takeStored(encoding);
      if (own.failed())
        return refuse("is cut off", at);
      // The linker clears the entries of functions it has discarded.
      if (stored != 0 && length != 0) {
        const uintptr_t function = (encoding & relationMask) == relativeToPlace ? stored + place : stored;
        if (!code.contains(function) || length > code.end() - function)
          return refuse("describes a function outside the code", at);
        table->entries_.push_back({static_cast<uint32_t>(function - code.start),
                                   static_cast<uint32_t>(length), static_cast<uint32_t>(at)});
      }
    }
    at = next;
  }
  const auto before = [](const Entry &one, const Entry &other) { return one.function < other.function; };
  // A compiler writes them in this order, mostly.
  if (!std::is_sorted(table->entries_.begin(), table->entries_.end(), before))
    std::sort(table->entries_.begin(), table->entries_.end(), before);
  table->entries_.shrink_to_fit();
  return table;
}

FrameTable::Found FrameTable::find(uintptr_t address) const {
  if (!code_.contains(address))
    return {};
  const uintptr_t offset = address - code_.start;
  auto behind =
      std::upper_bound(entries_.begin(), entries_.end(), offset,
                       [](uintptr_t wanted, const Entry &entry) { return wanted < entry.function; });
  if (behind == entries_.begin())
    return {};
  const Entry &entry = *--behind;
  if (offset - entry.function >= entry.bytes)
    return {};
  return {section_.start + entry.entry, code_.start + entry.function};
}

} // namespace tierlink
