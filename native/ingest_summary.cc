// Ingest's seventh step: the ModuleSummary of src/native/contract.ts as JSON.
#include "ingest_parts.h"

#include "llvm/IR/DerivedTypes.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

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

std::string spell(const llvm::Type &type) {
  std::string text;
  llvm::raw_string_ostream out(text);
  type.print(out, /*IsForDebug=*/false, /*NoDetails=*/true);
  return text;
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

class Writer {
public:
  Writer(const IngestState &state, const llvm::Module *data, llvm::raw_ostream &out)
      : state_(state), data_(data), json_(out) {}

  void write() {
    json_.object([&] {
      text("sourceFile", state_.module.getSourceFileName());
      json_.attributeArray("functions", [&] {
        for (const llvm::Function &function : state_.module)
          if (!function.isIntrinsic() && isListed(function))
            json_.object([&] { writeFunction(function); });
      });
      json_.attributeArray("variables", [&] {
        for (const llvm::GlobalVariable &variable : state_.module.globals())
          if (isListed(variable))
            json_.object([&] { writeVariable(variable); });
      });
      writeIndirections();
      writeStructors("constructors", state_.constructors);
      writeStructors("destructors", state_.destructors);
      text("pinned", state_.pinned);
      text("whole", state_.pinned.empty() ? state_.whole : state_.pinned);
      json_.attribute("distances", state_.distances);
    });
  }

private:
  /// Declarations that neither code nor data refers to are nothing the module needs.
  bool isListed(const llvm::GlobalObject &object) const {
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

  void text(llvm::StringRef key, llvm::StringRef value) { json_.attribute(key, llvm::json::fixUTF8(value)); }

  void writeCommon(const llvm::GlobalObject &object, const Origin &origin) {
    text("name", object.getName());
    text("sourceName", origin.sourceName);
    json_.attribute("kind", isDefined(object) ? "define" : "declare");
    json_.attribute("binding", nameOf(origin.binding));
    json_.attribute("promoted", origin.promoted);
    text("type", spell(*object.getValueType()));
    json_.attribute("weakUndefined", object.hasExternalWeakLinkage());
  }

  void writeFunction(const llvm::Function &function) {
    writeCommon(function, originOf(function));
    json_.attribute("signature", signatureOf(function));
    json_.attribute("instructions", static_cast<int64_t>(function.getInstructionCount()));
    json_.attribute("index", function.isDeclaration() ? int64_t{-1} : definitions_++);
    json_.attribute("optnone", function.hasOptNone());
  }

  void writeVariable(const llvm::GlobalVariable &variable) {
    const Origin origin = originOf(variable);
    writeCommon(variable, origin);
    json_.attribute("constant", variable.isConstant());
    json_.attribute("threadLocal", variable.isThreadLocal());
    llvm::Type *type = variable.getValueType();
    json_.attribute("size", type->isSized()
                                ? static_cast<int64_t>(
                                      state_.module.getDataLayout().getTypeAllocSize(type).getKnownMinValue())
                                : int64_t{0});
    json_.attribute("alignment", static_cast<int64_t>(
                                     variable.getPointerAlignment(state_.module.getDataLayout()).value()));
    json_.attribute("place", origin.placedWithCode ? "code" : "data");
  }

  void writeIndirections() {
    json_.attributeArray("aliases", [&] {
      for (const AliasFact &alias : state_.aliases)
        json_.object([&] {
          text("name", alias.name);
          text("target", alias.target->getName());
          json_.attribute("offset", alias.offset);
          json_.attribute("binding", nameOf(alias.binding));
        });
    });
    json_.attributeArray("ifuncs", [&] {
      for (const IfuncFact &ifunc : state_.ifuncs)
        json_.object([&] {
          text("name", ifunc.placeholder->getName());
          text("resolver", ifunc.resolver->getName());
        });
    });
  }

  void writeStructors(llvm::StringRef key, const std::vector<StructorFact> &facts) {
    json_.attributeArray(key, [&] {
      for (const StructorFact &fact : facts)
        json_.object([&] {
          text("name", fact.function->getName());
          json_.attribute("priority", static_cast<int64_t>(fact.priority));
        });
    });
  }

  Origin originOf(const llvm::GlobalObject &object) const {
    auto found = state_.origins.find(&object);
    return found == state_.origins.end() ? Origin{object.getName().str()} : found->second;
  }

  const IngestState &state_;
  const llvm::Module *data_;
  llvm::json::OStream json_;
  /// Functions with a body so far; all of them are listed.
  int64_t definitions_ = 0;
};

} // namespace

std::string summarise(const IngestState &state, const llvm::Module *data) {
  std::string summary;
  llvm::raw_string_ostream out(summary);
  Writer(state, data, out).write();
  return summary;
}

} // namespace tierlink
