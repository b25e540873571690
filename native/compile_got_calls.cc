// A machine pass for CallForm::indirect: every call of a known function becomes one instruction that reads
// the offset table, `call *f@GOTPCREL(%rip)`. Left alone, LLVM takes the entry for a constant: it keeps it in
// a register where a block calls f twice, and across a loop, which would then go on calling what f was when
// it began. And at O0 it calls library functions that it made up itself directly, whatever the module says.
#include "compile_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/Function.h"
#include "llvm/Support/ErrorHandling.h"

namespace tierlink {
namespace {

/// The few facts about x86 that the pass needs. LLVM keeps them in headers of its own, but answers by name.
struct X86Facts {
  unsigned callDirect = 0;
  unsigned callRegister = 0;
  unsigned callMemory = 0;
  unsigned tailRegister = 0;
  unsigned tailMemory = 0;
  unsigned load = 0;
  unsigned gotFlag = 0;
  unsigned instructionPointer = 0;

  X86Facts(const llvm::TargetInstrInfo &instructions, const llvm::TargetRegisterInfo &registers) {
    const std::pair<llvm::StringRef, unsigned *> wanted[] = {
        {"CALL64pcrel32", &callDirect},  {"CALL64r", &callRegister},    {"CALL64m", &callMemory},
        {"TCRETURNri64", &tailRegister}, {"TCRETURNmi64", &tailMemory}, {"MOV64rm", &load}};
    for (unsigned opcode = 0; opcode < instructions.getNumOpcodes(); ++opcode) {
      llvm::StringRef name = instructions.getName(opcode);
      for (const auto &[wantedName, place] : wanted)
        if (name == wantedName)
          *place = opcode;
    }
    for (const auto &[flag, name] : instructions.getSerializableDirectMachineOperandTargetFlags())
      if (llvm::StringRef(name) == "x86-gotpcrel")
        gotFlag = flag;
    for (unsigned number = 1; number < registers.getNumRegs(); ++number)
      if (llvm::StringRef(registers.getName(number)) == "RIP")
        instructionPointer = number;
    bool isComplete = gotFlag != 0 && instructionPointer != 0;
    for (const auto &[name, place] : wanted)
      isComplete = isComplete && *place != 0;
    if (!isComplete)
      llvm::report_fatal_error("this LLVM names its x86 instructions in another way than LLVM 22");
  }
};

class GotCalls : public llvm::MachineFunctionPass {
public:
  static char ID;
  GotCalls() : MachineFunctionPass(ID) {}

  llvm::StringRef getPassName() const override { return "tierlink: calls through the offset table"; }

  bool runOnMachineFunction(llvm::MachineFunction &function) override {
    const llvm::TargetSubtargetInfo &subtarget = function.getSubtarget();
    const llvm::TargetInstrInfo &instructions = *subtarget.getInstrInfo();
    static const X86Facts facts(instructions, *subtarget.getRegisterInfo());
    bool changed = false;
    for (llvm::MachineBasicBlock &block : function)
      for (llvm::MachineInstr &call : llvm::make_early_inc_range(block))
        if (call.isCall() && call.getNumOperands() > 0 && !call.isBundled())
          changed |= makeIndirect(call, instructions, facts) || foldLoad(call, instructions, facts) ||
                     makeVariable(call, facts);
    return changed;
  }

private:
  /// `call memcpy` where no function is declared for it.
  static bool makeIndirect(llvm::MachineInstr &call, const llvm::TargetInstrInfo &instructions,
                           const X86Facts &facts) {
    llvm::MachineOperand &target = call.getOperand(0);
    if (call.getOpcode() != facts.callDirect || !(target.isSymbol() || target.isMCSymbol()))
      return false;
    llvm::MachineInstrBuilder indirect = begin(call, instructions, facts.callMemory);
    indirect.addReg(facts.instructionPointer).addImm(1).addReg(0);
    if (target.isSymbol())
      indirect.addExternalSymbol(target.getSymbolName(), facts.gotFlag);
    else
      indirect.addSym(target.getMCSymbol(), facts.gotFlag);
    indirect.addReg(0);
    finish(call, indirect);
    return true;
  }

  /// `mov f@GOTPCREL(%rip), %r; call *%r`, for calls and tail calls.
  static bool foldLoad(llvm::MachineInstr &call, const llvm::TargetInstrInfo &instructions,
                       const X86Facts &facts) {
    bool isTail = call.getOpcode() == facts.tailRegister;
    const llvm::MachineOperand &target = call.getOperand(0);
    if ((!isTail && call.getOpcode() != facts.callRegister) || !target.getReg().isVirtual())
      return false;
    llvm::MachineRegisterInfo &registers = call.getMF()->getRegInfo();
    llvm::Register pointer = target.getReg();
    llvm::MachineInstr *load = registers.getUniqueVRegDef(pointer);
    if (load == nullptr || !isGotLoad(*load, facts))
      return false;
    // Safe because reading the entry later than the program says changes nothing it could see: only tierlink
    // stores to the table, and what it stores is meant to be seen.
    llvm::MachineInstrBuilder folded =
        begin(call, instructions, isTail ? facts.tailMemory : facts.callMemory);
    for (const llvm::MachineOperand &operand : llvm::drop_begin(load->explicit_operands()))
      folded.add(operand);
    finish(call, folded);
    registers.clearKillFlags(pointer);
    if (registers.use_empty(pointer))
      load->eraseFromParent();
    return true;
  }

  /// A call that has its right form already, but is marked as reading what never changes: loop-invariant code
  /// motion would take it apart again.
  static bool makeVariable(llvm::MachineInstr &call, const X86Facts &facts) {
    bool readsTable = (call.getOpcode() == facts.callMemory || call.getOpcode() == facts.tailMemory) &&
                      call.getOperand(3).getTargetFlags() == facts.gotFlag;
    if (!readsTable || call.memoperands_empty())
      return false;
    call.dropMemRefs(*call.getMF());
    return true;
  }

  static llvm::MachineInstrBuilder begin(llvm::MachineInstr &call, const llvm::TargetInstrInfo &instructions,
                                         unsigned opcode) {
    llvm::MachineInstrBuilder builder =
        llvm::BuildMI(*call.getParent(), call, call.getDebugLoc(), instructions.get(opcode));
    return builder.setMIFlags(call.getFlags());
  }

  /// Takes over everything behind the target: arguments, clobbers, call site records.
  static void finish(llvm::MachineInstr &call, llvm::MachineInstrBuilder &replacement) {
    for (const llvm::MachineOperand &operand : llvm::drop_begin(call.operands()))
      replacement.add(operand);
    replacement->setCFIType(*call.getMF(), call.getCFIType());
    if (call.shouldUpdateAdditionalCallInfo())
      call.getMF()->moveAdditionalCallInfo(&call, replacement);
    call.eraseFromParent();
  }

  static bool isGotLoad(const llvm::MachineInstr &load, const X86Facts &facts) {
    if (load.getOpcode() != facts.load)
      return false;
    const llvm::MachineOperand &base = load.getOperand(1);
    const llvm::MachineOperand &entry = load.getOperand(4);
    return base.isReg() && base.getReg() == facts.instructionPointer && entry.isGlobal() &&
           llvm::isa<llvm::Function>(entry.getGlobal()) && entry.getTargetFlags() == facts.gotFlag;
  }
};

char GotCalls::ID = 0;

} // namespace

llvm::Pass *createGotCallsPass() { return new GotCalls(); }

} // namespace tierlink
