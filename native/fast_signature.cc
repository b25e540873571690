#include "fast_signature.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <sys/mman.h>

#include "fast_call.h"

extern "C" void tierlinkFastCall();

namespace tierlink {
namespace {

constexpr size_t maxGeneral = 6;
constexpr size_t maxVector = 8;
constexpr size_t pageBytes = 4096;
constexpr size_t alignment = 32; // of functions, in bytes
constexpr int64_t safeInteger = (int64_t{1} << 53) - 1;

bool isVector(char letter) { return letter == 'f' || letter == 'd'; }

enum Register : uint8_t { rax = 0, rcx = 1, rdx = 2, rsi = 6, rdi = 7, r8 = 8, r9 = 9, r10 = 10, r11 = 11 };
constexpr Register general[maxGeneral] = {rdi, rsi, rdx, rcx, r8, r9};

} // namespace

// The few instructions that are needed, as bytes. Names are Intel's; 64 bits wide unless they say otherwise.
class FastWriter {
public:
  explicit FastWriter(uint8_t *start) : at_(start) {}
  uint8_t *here() const { return at_; }

  void move(Register to, Register from) { pair(true, 0x89, from, to); }
  void move32(Register to, Register from) { pair(false, 0x89, from, to); }
  void add(Register to, Register from) { pair(true, 0x01, from, to); }
  void compare(Register left, Register right) { pair(true, 0x39, right, left); }
  void clear(Register which) { pair(false, 0x31, which, which); }
  void extendSigned32(Register to, Register from) { pair(true, 0x63, to, from); }
  void extendSigned(Register to, Register from, unsigned bytes) {
    two(true, bytes == 1 ? 0xbe : 0xbf, to, from);
  }
  void extendZero(Register to, Register from, unsigned bytes) {
    two(true, bytes == 1 ? 0xb6 : 0xb7, to, from);
  }
  void shiftRight(Register which, uint8_t bits) {
    bytes({rex(true, rax, which), 0xc1, modes(3, 5, which), bits});
  }
  void loadFrom(Register to, const void *place) {
    bytes({rex(true, to, rax), 0x8b, modes(0, to, rbp)}); // of the instruction behind
    const auto distance = static_cast<int32_t>(static_cast<const uint8_t *>(place) - (at_ + 4));
    raw(&distance, sizeof distance);
  }
  void set(Register to, uint64_t value) {
    bytes({rex(true, rax, to), static_cast<uint8_t>(0xb8 | (to & 7))});
    raw(&value, sizeof value);
  }
  void load(Register to, Register base, uint8_t offset) {
    bytes({rex(true, to, base), 0x8b, modes(1, to, base), offset});
  }
  void compareWith(Register left, Register base, uint8_t offset) {
    bytes({rex(true, left, base), 0x3b, modes(1, left, base), offset});
  }
  void loadFromStack(Register to, uint8_t offset) {
    bytes({rex(true, to, rax), 0x8b, modes(1, to, rsp), 0x24, offset});
  }
  void narrow(uint8_t vector) { bytes({0xf2, 0x0f, 0x5a, modes(3, vector, vector)}); } // cvtsd2ss
  // A short jump that is aimed later.
  enum Condition : uint8_t { Equal = 4, NotEqual = 5, Above = 7 };
  uint8_t *jumpShort(Condition condition) {
    bytes({static_cast<uint8_t>(0x70 | condition), 0});
    return at_;
  }
  uint8_t *jumpShort() {
    bytes({0xeb, 0});
    return at_;
  }
  void aimHere(uint8_t *jump) { jump[-1] = static_cast<uint8_t>(at_ - jump); }
  void jumpBack(Condition condition, const uint8_t *to) {
    bytes({0x0f, static_cast<uint8_t>(0x80 | condition)});
    const auto distance = static_cast<int32_t>(to - (at_ + 4));
    raw(&distance, sizeof distance);
  }
  void jumpTo(const void *to) {
    bytes({0xff, 0x25, 0, 0, 0, 0});
    raw(&to, sizeof to);
  }
  // V8 is to make the call once more.
  void decline(Register answer) {
    bytes({static_cast<uint8_t>(0x40 | (answer >> 3)), 0xc7, modes(0, 0, answer), 1, 0, 0, 0});
    clear(rax);
    bytes({0x0f, 0x57, 0xc0, 0xc3}); // xorps xmm0, xmm0; ret
  }
  void align(size_t to) {
    while (reinterpret_cast<uintptr_t>(at_) % to != 0)
      bytes({0xcc}); // int3
  }
  void land() { bytes({0xf3, 0x0f, 0x1e, 0xfa}); } // endbr64

private:
  static constexpr uint8_t rsp = 4;
  static constexpr uint8_t rbp = 5;
  static uint8_t rex(bool wide, uint8_t reg, uint8_t rm) {
    return static_cast<uint8_t>(0x40 | (wide ? 8 : 0) | ((reg >> 3) << 2) | (rm >> 3));
  }
  static uint8_t modes(unsigned mode, unsigned reg, unsigned rm) {
    return static_cast<uint8_t>((mode << 6) | ((reg & 7) << 3) | (rm & 7));
  }
  void pair(bool wide, uint8_t code, Register reg, Register rm) {
    bytes({rex(wide, reg, rm), code, modes(3, reg, rm)});
  }
  void two(bool wide, uint8_t code, Register reg, Register rm) {
    bytes({rex(wide, reg, rm), 0x0f, code, modes(3, reg, rm)});
  }
  void bytes(std::initializer_list<uint8_t> list) { raw(list.begin(), list.size()); }
  void raw(const void *from, size_t count) {
    memcpy(at_, from, count);
    at_ += count;
  }

  uint8_t *at_;
};

namespace {

// Where V8 puts the argument of that number among those in general registers, with the receiver as the first.
void fetch(FastWriter &writer, Register to, size_t number) {
  if (number < maxGeneral)
    writer.move(to, general[number]);
  else
    writer.loadFromStack(to, static_cast<uint8_t>(8 * (number - maxGeneral + 1)));
}

// An integer of which V8 knows that it is one: either reading of the width is taken, as by Node-API.
void checkNarrow(FastWriter &writer, Register value, unsigned bytes, bool isSigned, const uint8_t *decline) {
  if (bytes == 4)
    writer.move32(rax, value);
  else
    writer.extendZero(rax, value, bytes);
  writer.compare(rax, value);
  uint8_t *const fits = writer.jumpShort(FastWriter::Equal);
  if (bytes == 4)
    writer.extendSigned32(rax, value);
  else
    writer.extendSigned(rax, value, bytes);
  writer.compare(rax, value);
  writer.jumpBack(FastWriter::NotEqual, decline);
  writer.aimHere(fits);
  if (bytes == 4)
    return;
  if (isSigned)
    writer.extendSigned(value, value, bytes);
  else
    writer.extendZero(value, value, bytes);
}

// A JS value, by reference: of those that a boolean parameter takes, only true and false are taken here.
void checkBoolean(FastWriter &writer, Register value, bool isSigned, const uint8_t *decline) {
  writer.load(value, value, 0);
  writer.compareWith(value, r11, offsetof(FastState, trueValue));
  uint8_t *const isTrue = writer.jumpShort(FastWriter::Equal);
  writer.compareWith(value, r11, offsetof(FastState, falseValue));
  writer.jumpBack(FastWriter::NotEqual, decline);
  writer.clear(value);
  uint8_t *const done = writer.jumpShort();
  writer.aimHere(isTrue);
  writer.set(value, isSigned ? 0xffffffffu : 1);
  writer.aimHere(done);
}

void checkSafe(FastWriter &writer, Register value, const uint8_t *decline) {
  writer.set(rax, safeInteger);
  writer.move(r10, rax);
  writer.add(r10, value);
  writer.add(rax, rax);
  writer.compare(r10, rax);
  writer.jumpBack(FastWriter::Above, decline);
}

void check(FastWriter &writer, char letter, Register value, const uint8_t *decline) {
  switch (letter) {
  case 'b':
  case 'B':
    return checkBoolean(writer, value, letter == 'B', decline);
  case '1':
  case 'O':
    return checkNarrow(writer, value, 1, letter == 'O', decline);
  case '2':
  case 'T':
    return checkNarrow(writer, value, 2, letter == 'T', decline);
  case '4':
    return checkNarrow(writer, value, 4, true, decline);
  case 'q':
    writer.move(rax, value);
    writer.shiftRight(rax, 53);
    return writer.jumpBack(FastWriter::NotEqual, decline);
  default:
    return checkSafe(writer, value, decline);
  }
}

V8Type::Kind kindOf(char letter) {
  if (letter == 'b' || letter == 'B')
    return V8Type::Value;
  return isVector(letter) ? V8Type::Float64 : V8Type::Int64;
}

} // namespace

FastSignature::FastSignature(std::string letters) : letters_(std::move(letters)) {}

const FastSignature *FastSignature::of(const std::string &letters) {
  static std::mutex mutex;
  static auto *known = new std::map<std::string, std::unique_ptr<FastSignature>>;
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = known->find(letters);
  if (found != known->end())
    return found->second.get();
  std::unique_ptr<FastSignature> made(new FastSignature(letters));
  if (!made->describe())
    made = nullptr;
  return known->emplace(letters, std::move(made)).first->second.get();
}

bool FastSignature::describe() {
  const std::string parameters = letters_.substr(1);
  const auto vectors = static_cast<size_t>(std::ranges::count_if(parameters, isVector));
  if (vectors > maxVector || parameters.size() - vectors > maxGeneral ||
      parameters.find_first_not_of("bB1O2T48nqfd") != std::string::npos)
    return false;
  switch (letters_[0]) {
  case 'v':
    info_.result = {V8Type::Void};
    break;
  case 'b':
  case 'B':
    info_.result = {V8Type::Bool};
    finish_ = Finish::Bit;
    break;
  case '1':
  case 'O':
    info_.result = {V8Type::Int32};
    finish_ = Finish::Byte;
    break;
  case '2':
  case 'T':
    info_.result = {V8Type::Int32};
    finish_ = Finish::Short;
    break;
  case '4':
    info_.result = {V8Type::Int32};
    break;
  case 'f':
    info_.result = {V8Type::Float64};
    finish_ = Finish::Float;
    break;
  case 'd':
    info_.result = {V8Type::Float64};
    break;
  case 'n':
  case 'q':
    info_.result = {V8Type::Float64};
    finish_ = Finish::SafeInteger;
    break;
  default: // a bigint
    return false;
  }
  types_.push_back({V8Type::Value});
  for (const char letter : parameters)
    types_.push_back({kindOf(letter)});
  types_.push_back({V8Type::Options});
  info_.parameterCount = static_cast<uint32_t>(types_.size());
  info_.parameters = types_.data();
  return true;
}

// A page of functions: it is written before it is executable, and never after. The page of their targets
// behind it stays writable.
bool FastSignature::grow() const {
  void *memory = mmap(nullptr, 2 * pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  auto *const page = static_cast<uint8_t *>(memory);
  auto *cell = reinterpret_cast<FastState **>(page + pageBytes);
  FastWriter writer(page);
  const uint8_t *decline = writer.here();
  fetch(writer, r10, answerNumber());
  writer.decline(r10);

  std::vector<Function> made;
  for (size_t bytes = 0; writer.here() + alignment + bytes <= page + pageBytes;) {
    writer.align(alignment);
    uint8_t *const begin = writer.here();
    write(writer, cell, decline);
    bytes = static_cast<size_t>(writer.here() - begin);
    made.push_back({begin, cell++});
  }
  if (mprotect(page, pageBytes, PROT_READ | PROT_EXEC) == 0) {
    free_.insert(free_.end(), made.rbegin(), made.rend());
    return true;
  }
  munmap(memory, 2 * pageBytes);
  return false;
}

size_t FastSignature::answerNumber() const {
  return 1 + static_cast<size_t>(std::count_if(letters_.begin() + 1, letters_.end(),
                                               [](char letter) { return !isVector(letter); }));
}

void FastSignature::write(FastWriter &writer, FastState *const *cell, const uint8_t *decline) const {
  writer.land();
  writer.loadFrom(r11, cell);
  size_t generals = 0;
  uint8_t vector = 0;
  for (const char letter : letters_.substr(1)) {
    if (isVector(letter)) {
      if (letter == 'f')
        writer.narrow(vector);
      ++vector;
      continue;
    }
    // Each goes to where the one before it came from, as the receiver is left out. So where the answer is to
    // go stays where it is.
    const Register to = general[generals];
    fetch(writer, to, ++generals);
    check(writer, letter, to, decline);
  }
  fetch(writer, r10, answerNumber());
  writer.jumpTo(reinterpret_cast<const void *>(&tierlinkFastCall));
}

FastSignature::Function FastSignature::bind(FastState &target) const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (free_.empty() && !grow())
    return {};
  const Function function = free_.back();
  free_.pop_back();
  *function.target = &target;
  return function;
}

void FastSignature::release(const Function &function) const {
  std::lock_guard<std::mutex> lock(mutex_);
  free_.push_back(function);
}

} // namespace tierlink
