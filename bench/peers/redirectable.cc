// ORC's redirectable symbols, as a library for a process that also runs the others: objects are linked by
// JITLink, and their calls reach each other through stubs that can be turned.
#include "program.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ExecutionEngine/Orc/JITLinkRedirectableSymbolManager.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;

namespace {

struct Engine {
  std::unique_ptr<orc::LLJIT> jit;
  std::unique_ptr<orc::RedirectableSymbolManager> symbols;
  unsigned programs = 0;
};

Engine makeEngine() {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto host = peers::orFail(orc::JITTargetMachineBuilder::detectHost());
  host.setRelocationModel(Reloc::PIC_).setCodeModel(CodeModel::Small);
  orc::ObjectLinkingLayer *layer = nullptr;
  auto createLayer = [&](orc::ExecutionSession &session) {
    auto created = std::make_unique<orc::ObjectLinkingLayer>(session);
    layer = created.get();
    return Expected<std::unique_ptr<orc::ObjectLayer>>(std::move(created));
  };
  Engine engine;
  engine.jit = peers::orFail(orc::LLJITBuilder()
                                 .setJITTargetMachineBuilder(host)
                                 .setObjectLinkingLayerCreator(createLayer)
                                 .create());
  engine.symbols = peers::orFail(orc::JITLinkRedirectableSymbolManager::Create(*layer));
  return engine;
}

/// Never destroyed: what it linked is called until the process ends.
Engine &theEngine() {
  static auto *engine = new Engine(makeEngine());
  return *engine;
}

void addObject(Engine &engine, orc::JITDylib &library, const char *path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    peers::fail(std::string(path) + ": " + buffer.getError().message());
  peers::orFail(engine.jit->addObjectFile(library, std::move(*buffer)));
}

} // namespace

/// Links two objects; calls from one to the other, of the functions named with blanks between, go through
/// stubs. Returns the address of a function of the caller.
extern "C" void *redirectable_link(const char *caller, const char *callee, const char *functions,
                                   const char *entry) {
  Engine &engine = theEngine();
  orc::LLJIT &jit = *engine.jit;
  std::string name = std::to_string(engine.programs++);
  orc::JITDylib &callees = peers::orFail(jit.createJITDylib("callees" + name));
  orc::JITDylib &callers = peers::orFail(jit.createJITDylib("callers" + name));
  addObject(engine, callees, callee);
  addObject(engine, callers, caller);

  SmallVector<StringRef> names;
  StringRef(functions).split(names, ' ');
  orc::SymbolMap destinations;
  for (StringRef function : names) {
    auto address = peers::orFail(jit.lookup(callees, function));
    destinations[jit.mangleAndIntern(function)] = {address,
                                                   JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  }
  peers::orFail(engine.symbols->createRedirectableSymbols(callers.getDefaultResourceTracker(), destinations));
  return peers::orFail(jit.lookup(callers, entry)).toPtr<void *>();
}
