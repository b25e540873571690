// What tierlink.node asks of tierlink_llvm.so, which alone is linked with LLVM and is loaded when the first
// module is ingested or compiled (load_llvm.h). Both are built together, and a hash of this file is compared
// at load, so types of the standard library may cross. LLVM's may not.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace tierlink {

/// What went wrong, as NativeFailure of src/native/contract.ts.
struct Failure {
  /// One of the contract's kinds.
  const char *kind;
  std::string message;
  std::string symbol;
};

enum class InputFormat { bitcode, text };

/// IngestJob of src/native/contract.ts. The bytes stay the caller's, and are only read during the call.
struct IngestSource {
  std::string_view bytes;
  InputFormat format = InputFormat::bitcode;
  unsigned moduleId = 0;
  std::string name;
  bool lazy = false;
};

/// IngestResult of src/native/contract.ts.
struct Ingested {
  std::vector<char> code;
  std::optional<std::vector<char>> data;
  std::string summary;
};

/// How calls leave a function.
enum class CallForm {
  direct,    // call f
  indirect,  // call *f@GOTPCREL(%rip)
  patchable, // call f, whose displacement never crosses a cache line
};

/// Canonical bitcode that many jobs refer to. Its identity is what parsed copies are kept by.
struct SharedBitcode {
  std::string bytes;
  /// Nobody will ask for it again: what is kept of it may go.
  std::atomic<bool> isGone = false;
};

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};
/// A set of names that many jobs may share.
using NameSet = std::unordered_set<std::string, NameHash, std::equal_to<>>;

/// A value that a site saw, and how often.
struct ProfiledValue {
  uint64_t value;
  uint64_t count;
};

/// What was counted of one function, as LLVM's indexed profiles have it.
struct ProfileRecord {
  std::string name;
  /// Of its control flow; counters mean nothing for another one.
  uint64_t hash = 0;
  std::vector<uint64_t> counts;
  /// The values of each site: of indirect calls (MD5 of the targets' names), of memory operations (sizes).
  std::array<std::vector<std::vector<ProfiledValue>>, 2> sites;
};

/// Records that many jobs refer to.
struct SharedProfile {
  explicit SharedProfile(std::vector<ProfileRecord> all) : records(std::move(all)) {
    for (const ProfileRecord &record : records)
      byName.emplace(record.name, &record);
  }
  SharedProfile(const SharedProfile &) = delete;
  SharedProfile &operator=(const SharedProfile &) = delete;

  const std::vector<ProfileRecord> records;
  /// One for each hash.
  std::unordered_multimap<std::string_view, const ProfileRecord *> byName;
};

/// FunctionSelection of src/native/contract.ts.
struct FunctionSelection {
  std::vector<std::string> wanted;
  std::vector<uint8_t> possible;
};

/// ImportSource of src/native/contract.ts.
struct ImportSource {
  std::shared_ptr<const SharedBitcode> bitcode;
  std::shared_ptr<const NameSet> names;
};

/// ContinuationRequest of src/native/contract.ts.
struct ContinuationRequest {
  unsigned ordinal;
  std::string signature;
};

/// ProfileUse of src/core/tier.ts.
struct ProfileUses {
  bool branches = false;
  bool calls = false;
  bool inlining = false;
  bool split = false;
};

/// CompileJob of src/native/contract.ts.
struct CompileJob {
  std::shared_ptr<const SharedBitcode> bitcode;
  bool isData = false;
  std::string passes;
  int codegenLevel = 0;
  bool hostCpu = false;
  std::string features;
  CallForm calls = CallForm::direct;
  bool counters = false;
  /// Not empty: loops get polls, whose cells have this in their names.
  std::string polls;
  /// Whether edges and values are counted, as for LLVM's profiles.
  bool instrument = false;
  /// What was counted, by the names that the module has; or nothing.
  std::shared_ptr<const SharedProfile> profile;
  /// What that is used for.
  ProfileUses uses;
  /// How often each way of a branch is taken to have been gone beside what was counted.
  unsigned profilePrior = 0;
  /// IR instructions of other functions that a selection may take along to be inlined.
  unsigned importBudget = 0;
  /// Other modules that some of these may be of. A name leads to the first that has it.
  std::vector<ImportSource> sources;
  std::shared_ptr<const NameSet> near;
  /// Nothing: the whole module.
  std::optional<FunctionSelection> functions;
  /// The only selected function, begun at one of its loops.
  std::optional<ContinuationRequest> continuation;
};

using ObjectBytes = std::vector<char>;

/// A function that may be called soon.
struct LikelyCall {
  std::string name;
  /// The share of cases, 0 to 1, in which it is, as far as branch weights and heuristics tell.
  double likelihood;
};

/// What a job that selects functions comes to; known before code is generated, which takes longer.
struct Choice {
  /// The selected functions, with those that were added.
  std::vector<std::string> functions;
  /// Possible functions that are left out, and functions of other modules, that these may well call soon.
  std::vector<LikelyCall> likely;
};

/// Is told of it on the thread that compiles, at most once. Must not throw.
using OnChosen = std::function<void(Choice choice)>;

/// What a job made.
struct Compiled {
  ObjectBytes object;
  /// Functions whose records in the job's profile are of other code.
  std::vector<std::string> unfit;
  /// Positions of those of the job's sources that bodies were taken from.
  std::vector<unsigned> imported;
};

/// One instruction of a function, for people.
struct ShownInstruction {
  /// Bytes that are shown before it.
  uint64_t offset = 0;
  std::string bytes;
  std::string text;
  /// What its field stands for once it is linked; empty if nothing.
  std::string symbol;
  /// Where it comes from; 0 when unknown.
  std::string file;
  unsigned line = 0;
  /// Of the cold part, which lies apart.
  bool isCold = false;
};

/// Where code comes from, from an offset on up to the next.
struct SourceLine {
  uint32_t offset;
  /// Position in the list of files.
  uint32_t file;
  uint32_t line;
};

/// Of a function, by the offset from its beginning.
struct FunctionLines {
  std::string name;
  std::vector<SourceLine> lines;
};

/// SourceLines of src/native/contract.ts.
struct SourceLines {
  std::vector<std::string> files;
  std::vector<FunctionLines> functions;
};

/// What a function calls, by the names that its module has.
struct FunctionCalls {
  std::string name;
  /// It may call what no name says: then `callees` is empty.
  bool isOpen;
  std::vector<std::string> callees;
};

/// What compiles keep for those that follow: modules, machines. For any number of threads.
class CompilerState {
public:
  CompilerState() = default;
  virtual ~CompilerState() = default;
  CompilerState(const CompilerState &) = delete;
  CompilerState &operator=(const CompilerState &) = delete;
  /// Drops what is kept of this bitcode; where it is in use now, when that is over.
  virtual void forget(const SharedBitcode &bitcode) = 0;
};

/// From any thread; neither throws, and whatever LLVM does, the process lives.
class LlvmHalf {
public:
  virtual std::variant<Ingested, Failure> ingest(const IngestSource &source) const = 0;
  virtual std::unique_ptr<CompilerState> createState() const = 0;
  /// `chosen` may be empty.
  virtual std::variant<Compiled, Failure> compile(const CompileJob &job, CompilerState &state,
                                                  const OnChosen &chosen) const = 0;
  virtual std::variant<std::vector<ShownInstruction>, Failure>
  disassemble(std::string_view object, std::string_view function) const = 0;
  virtual std::variant<SourceLines, Failure> readLines(std::string_view object) const = 0;
  virtual std::variant<std::vector<FunctionCalls>, Failure> readCalls(std::string_view code) const = 0;
  /// Reads and writes profiles as files have them (indexed, of IR). Of kind "profile" where it fails.
  virtual std::variant<std::vector<ProfileRecord>, Failure> readProfile(std::string_view bytes) const = 0;
  virtual std::variant<std::string, Failure>
  writeProfile(const std::vector<ProfileRecord> &records) const = 0;

protected:
  ~LlvmHalf() = default;
};

/// The one function that tierlink_llvm.so exports, under the name `tierlink_llvm`. Null if it was built with
/// another version of this file.
using LlvmHalfEntry = const LlvmHalf *(*)(const char *interfaceHash);

} // namespace tierlink
