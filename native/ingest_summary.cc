// Ingest's seventh step: the ModuleSummary of src/native/contract.ts as JSON.
#include "ingest_parts.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <concepts>

namespace tierlink {
namespace {

llvm::StringRef nameOf(Binding binding) {
  switch (binding) {
  case Binding::strong:
    return "strong";
  case Binding::weak:
    return "weak";
  case Binding::common:
    return "common";
  case Binding::fallback:
    return "fallback";
  }
  return "strong";
}

/// Attributes that move a parameter away from where the C convention puts a value of its type.
bool isPassedSpecially(const llvm::Function &function, unsigned parameter) {
  using llvm::Attribute;
  for (Attribute::AttrKind kind : {Attribute::ByVal, Attribute::StructRet, Attribute::InReg, Attribute::Nest,
                                   Attribute::InAlloca, Attribute::Preallocated, Attribute::ByRef,
                                   Attribute::SwiftSelf, Attribute::SwiftError, Attribute::SwiftAsync})
    if (function.hasParamAttribute(parameter, kind))
      return true;
  return false;
}

char letterOf(const llvm::Type &type, bool isSigned) {
  if (type.isVoidTy())
    return 'v';
  if (type.isFloatTy())
    return 'f';
  if (type.isDoubleTy())
    return 'd';
  if (type.isPointerTy())
    return type.getPointerAddressSpace() == 0 ? 'p' : 'x';
  if (type.isIntegerTy(1))
    return isSigned ? 'B' : 'b';
  if (type.isIntegerTy(8))
    return isSigned ? 'O' : '1';
  if (type.isIntegerTy(16))
    return isSigned ? 'T' : '2';
  if (type.isIntegerTy(32))
    return '4';
  if (type.isIntegerTy(64))
    return '8';
  return 'x';
}

/// Whether the calling convention puts arguments and result where the C one does.
bool isPlainConvention(llvm::CallingConv::ID convention) {
  return convention == llvm::CallingConv::C || convention == llvm::CallingConv::Fast ||
         convention == llvm::CallingConv::Cold || convention == llvm::CallingConv::X86_64_SysV;
}

std::string signatureOf(const llvm::Function &function) {
  const llvm::AttributeList attributes = function.getAttributes();
  bool isPlainReturn =
      isPlainConvention(function.getCallingConv()) && !attributes.hasRetAttr(llvm::Attribute::InReg);
  std::string signature(
      1, isPlainReturn ? letterOf(*function.getReturnType(), attributes.hasRetAttr(llvm::Attribute::SExt))
                       : 'x');
  for (const llvm::Argument &argument : function.args()) {
    unsigned index = argument.getArgNo();
    signature +=
        isPassedSpecially(function, index) ? 'x' : letterOf(*argument.getType(), argument.hasSExtAttr());
  }
  if (function.isVarArg())
    signature += '.';
  return signature;
}

/// Bytes of a body in bitcode for each of its instructions, about (7.4 in Lua, written by clang).
constexpr size_t bytesPerInstruction = 7;

/// Appends JSON to a text: the parts of it that a summary needs. LLVM's own writer goes through a stream, for
/// every name of a field, too, and takes three times as long.
class JsonText {
public:
  explicit JsonText(std::string &out) : out_(out) {}

  /// `{` and `}`, `[` and `]` around what `write` writes.
  template <class Write> void object(const Write &write) { within('{', '}', write); }
  template <class Write> void array(const Write &write) { within('[', ']', write); }

  /// Begins a member of an object; its name needs no escapes.
  void key(llvm::StringRef name) {
    separate();
    out_ += '"';
    append(name);
    out_ += "\":";
    isFirst_ = true;
  }
  void value(llvm::StringRef text) {
    separate();
    // Names are bytes to LLVM; JSON is text.
    if (llvm::isASCII(text) || llvm::json::isUTF8(text))
      quote(text);
    else
      quote(llvm::json::fixUTF8(text));
  }
  void value(std::same_as<int64_t> auto number) {
    separate();
    out_ += std::to_string(number);
  }
  // Constrained, or text that is a pointer would be one.
  void value(std::same_as<bool> auto flag) {
    separate();
    out_ += flag ? "true" : "false";
  }
  template <class Value> void member(llvm::StringRef name, const Value &content) {
    key(name);
    value(content);
  }

private:
  template <class Write> void within(char begin, char end, const Write &write) {
    separate();
    out_ += begin;
    isFirst_ = true;
    write();
    out_ += end;
    isFirst_ = false;
  }
  void separate() {
    if (!isFirst_)
      out_ += ',';
    isFirst_ = false;
  }
  void append(llvm::StringRef text) { out_.append(text.data(), text.size()); }
  void quote(llvm::StringRef text) {
    out_ += '"';
    for (char c : text) {
      if (c == '"' || c == '\\')
        out_ += '\\';
      if (static_cast<unsigned char>(c) >= 0x20)
        out_ += c;
      else
        out_ += {'\\', 'u', '0', '0', llvm::hexdigit(c / 16), llvm::hexdigit(c % 16)};
    }
    out_ += '"';
  }

  std::string &out_;
  bool isFirst_ = true;
};

class Writer {
public:
  Writer(const IngestState &state, const llvm::Module *data, std::vector<size_t> bodyBytes, std::string &out)
      : state_(state), data_(data), bodyBytes_(std::move(bodyBytes)), json_(out) {}

  void write() {
    json_.object([&] {
      json_.member("sourceFile", llvm::StringRef(state_.module.getSourceFileName()));
      list("functions", [&] {
        for (const llvm::Function &function : state_.module)
          if (!function.isIntrinsic() && isListed(function))
            json_.object([&] { writeFunction(function); });
      });
      list("variables", [&] {
        for (const llvm::GlobalVariable &variable : state_.module.globals())
          if (isListed(variable))
            json_.object([&] { writeVariable(variable); });
      });
      writeIndirections();
      writeStructors("constructors", state_.constructors);
      writeStructors("destructors", state_.destructors);
      json_.member("pinned", state_.pinned);
      json_.member("whole", state_.pinned.empty() ? state_.whole : state_.pinned);
      json_.member("distances", state_.distances);
      json_.member("unread", state_.unread);
    });
  }

private:
  /// Declarations that neither code nor data refers to are nothing the module needs.
  bool isListed(const llvm::GlobalObject &object) const {
    if (state_.unread)
      return true;
    object.removeDeadConstantUsers();
    return isDefined(object) || !object.use_empty() ||
           (data_ != nullptr && data_->getNamedValue(object.getName()) != nullptr);
  }

  bool isDefined(const llvm::GlobalObject &object) const {
    if (!object.isDeclarationForLinker())
      return true;
    const llvm::GlobalValue *inData = data_ == nullptr ? nullptr : data_->getNamedValue(object.getName());
    return inData != nullptr && !inData->isDeclaration();
  }

  /// LLVM's spelling of a type. Most are those of several symbols.
  llvm::StringRef spell(const llvm::Type &type) {
    std::string &text = spellings_[&type];
    if (text.empty()) {
      llvm::raw_string_ostream out(text);
      type.print(out, /*IsForDebug=*/false, /*NoDetails=*/true);
    }
    return text;
  }

  template <class Write> void list(llvm::StringRef name, const Write &write) {
    json_.key(name);
    json_.array(write);
  }

  void writeCommon(const llvm::GlobalObject &object, const Origin &origin) {
    json_.member("name", object.getName());
    json_.member("sourceName", origin.sourceName);
    json_.member("kind", isDefined(object) ? "define" : "declare");
    json_.member("binding", nameOf(origin.binding));
    json_.member("promoted", origin.promoted);
    json_.member("type", spell(*object.getValueType()));
    json_.member("weakUndefined", object.hasExternalWeakLinkage());
  }

  void writeFunction(const llvm::Function &function) {
    writeCommon(function, originOf(function));
    json_.member("signature", signatureOf(function));
    json_.member("instructions", instructionsOf(function));
    json_.member("index", function.isDeclaration() ? int64_t{-1} : definitions_++);
    json_.member("optnone", function.hasOptNone());
  }

  int64_t instructionsOf(const llvm::Function &function) const {
    auto index = static_cast<size_t>(definitions_);
    if (!function.isMaterializable() || index >= bodyBytes_.size())
      return function.getInstructionCount();
    return static_cast<int64_t>(bodyBytes_[index] / bytesPerInstruction);
  }

  void writeVariable(const llvm::GlobalVariable &variable) {
    const Origin origin = originOf(variable);
    writeCommon(variable, origin);
    json_.member("constant", variable.isConstant());
    json_.member("threadLocal", variable.isThreadLocal());
    llvm::Type *type = variable.getValueType();
    json_.member("size", type->isSized()
                             ? static_cast<int64_t>(
                                   state_.module.getDataLayout().getTypeAllocSize(type).getKnownMinValue())
                             : int64_t{0});
    json_.member("alignment",
                 static_cast<int64_t>(variable.getPointerAlignment(state_.module.getDataLayout()).value()));
    json_.member("place", origin.placedWithCode ? "code" : "data");
  }

  void writeIndirections() {
    list("aliases", [&] {
      for (const AliasFact &alias : state_.aliases)
        json_.object([&] {
          json_.member("name", alias.name);
          json_.member("target", alias.target->getName());
          json_.member("offset", alias.offset);
          json_.member("binding", nameOf(alias.binding));
        });
    });
    list("ifuncs", [&] {
      for (const IfuncFact &ifunc : state_.ifuncs)
        json_.object([&] {
          json_.member("name", ifunc.placeholder->getName());
          json_.member("resolver", ifunc.resolver->getName());
        });
    });
  }

  void writeStructors(llvm::StringRef key, const std::vector<StructorFact> &facts) {
    list(key, [&] {
      for (const StructorFact &fact : facts)
        json_.object([&] {
          json_.member("name", fact.function->getName());
          json_.member("priority", static_cast<int64_t>(fact.priority));
        });
    });
  }

  Origin originOf(const llvm::GlobalObject &object) const {
    auto found = state_.origins.find(&object);
    return found == state_.origins.end() ? Origin{object.getName().str()} : found->second;
  }

  const IngestState &state_;
  const llvm::Module *data_;
  std::vector<size_t> bodyBytes_;
  JsonText json_;
  llvm::DenseMap<const llvm::Type *, std::string> spellings_;
  /// Functions with a body so far; all of them are listed.
  int64_t definitions_ = 0;
};

} // namespace

std::string summarise(const IngestState &state, const llvm::Module *data, std::vector<size_t> bodyBytes) {
  std::string summary;
  Writer(state, data, std::move(bodyBytes), summary).write();
  return summary;
}

} // namespace tierlink
