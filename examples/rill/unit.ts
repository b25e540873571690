/** One module of LLVM while it is built: types, constants, and what it declares of others. */
import llvm from 'llvm-bindings';
import { DebugInfo } from './debug-info.js';
import type { CheckedModule } from './checker.js';
import type { Global } from './symbols.js';
import type { Lambda } from './syntax.js';
import { isReference, type Type } from './types.js';

const { ExternalLinkage, PrivateLinkage } = llvm.GlobalValue.LinkageTypes;
const dataLayout = 'e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128';

/** A closure's code, which is emitted after the function that it stands in. */
export interface QueuedLambda {
  readonly lambda: Lambda;
  readonly symbol: string;
  readonly code: llvm.Function;
}

/** What all functions of a module are emitted with. */
export class Unit {
  readonly checked: CheckedModule;
  readonly context: llvm.LLVMContext = new llvm.LLVMContext();
  readonly module: llvm.Module;
  readonly debug: DebugInfo;
  readonly queue: QueuedLambda[] = [];
  readonly int: llvm.IntegerType;
  readonly float: llvm.Type;
  readonly bool: llvm.IntegerType;
  readonly byte: llvm.IntegerType;
  readonly nothing: llvm.Type;
  /** The address of something on the heap: of a string, an array, a struct, a closure. */
  readonly reference: llvm.PointerType;
  /** The head of an array: length, capacity, elements. */
  readonly array: llvm.StructType;
  readonly #strings = new Map<string, llvm.Constant>();

  constructor(checked: CheckedModule) {
    this.checked = checked;
    const { context } = this;
    this.module = new llvm.Module(checked.name, context);
    this.module.setDataLayout(dataLayout);
    this.module.setTargetTriple('x86_64-unknown-linux-gnu');
    this.int = llvm.Type.getInt64Ty(context);
    this.float = llvm.Type.getDoubleTy(context);
    this.bool = llvm.Type.getInt1Ty(context);
    this.byte = llvm.Type.getInt8Ty(context);
    this.nothing = llvm.Type.getVoidTy(context);
    this.reference = llvm.Type.getInt8PtrTy(context);
    this.array = llvm.StructType.get(context, [this.int, this.int, this.reference]);
    this.debug = new DebugInfo(this.module, context, checked.syntax.source);
  }

  /** How a value of a type is held. */
  typeOf(type: Type): llvm.Type {
    if (isReference(type)) return this.reference;
    return { int: this.int, float: this.float, bool: this.bool, void: this.nothing }[type.kind as 'int'];
  }

  /** A function's type; that of a closure's code begins with the closure itself. */
  signature({ parameters, result }: Type & { kind: 'function' }, isClosure = false): llvm.FunctionType {
    const first = isClosure ? [this.reference] : [];
    const all = [...first, ...parameters.map((parameter) => this.typeOf(parameter))];
    return llvm.FunctionType.get(this.typeOf(result), all, false);
  }

  record(fields: readonly Type[]): llvm.StructType {
    return llvm.StructType.get(
      this.context,
      fields.map((field) => this.typeOf(field)),
    );
  }

  sizeOf(type: llvm.Type): llvm.ConstantInt {
    return llvm.ConstantInt.get(this.int, this.module.getDataLayout().getTypeAllocSize(type));
  }

  number(value: number): llvm.ConstantInt {
    return llvm.ConstantInt.get(this.int, value, true);
  }

  /** A function by its symbol: this module's, another one's, or the runtime's. */
  function(symbol: string, type: llvm.FunctionType): llvm.Function {
    return (
      this.module.getFunction(symbol) ?? llvm.Function.Create(type, ExternalLinkage, symbol, this.module)
    );
  }

  /** A function of runtime.c. */
  runtime(name: string, result: llvm.Type, parameters: llvm.Type[]): llvm.Function {
    return this.function(`rill_${name}`, llvm.FunctionType.get(result, parameters, false));
  }

  /** A module's variable: declared, unless it was given a value before. */
  variable({ symbol, type, isLazy, isMutable }: Global): llvm.GlobalVariable {
    return this.#global(symbol, this.typeOf(type), !isLazy && !isMutable);
  }

  /** How far a lazy variable is: 0 not initialised, 1 under way, 2 done. */
  state({ symbol }: Global): llvm.GlobalVariable {
    return this.#global(`${symbol}.state`, this.byte, false);
  }

  #global(symbol: string, type: llvm.Type, isConstant: boolean): llvm.GlobalVariable {
    const known = this.module.getGlobalVariable(symbol);
    return known ?? new llvm.GlobalVariable(this.module, type, isConstant, ExternalLinkage, null, symbol);
  }

  constant(type: llvm.Type, value: llvm.Constant, name: string): llvm.Constant {
    const global = new llvm.GlobalVariable(this.module, type, true, PrivateLinkage, value, name);
    return llvm.ConstantExpr.getBitCast(global, this.reference);
  }

  /** A string as it lies on the heap, but constant: its length, then its bytes. */
  string(text: string): llvm.Constant {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const bytes = llvm.ConstantDataArray.getString(this.context, text, false);
    const type = llvm.StructType.get(this.context, [this.int, bytes.getType()]);
    const value = llvm.ConstantStruct.get(type, [this.number(Buffer.byteLength(text)), bytes]);
    const made = this.constant(type, value, 'string');
    this.#strings.set(text, made);
    return made;
  }

  /** The whole message of an error at run time, with `%ld` where numbers go. */
  message(at: number, text: string): llvm.Constant {
    const shown = this.checked.syntax.source.show(at, '\0').replaceAll('%', '%%').replace('\0', text);
    const bytes = llvm.ConstantDataArray.getString(this.context, shown, true);
    return this.constant(bytes.getType(), bytes, 'message');
  }

  /** Puts a closure's code in the queue. */
  lambda(lambda: Lambda, name: string, type: llvm.FunctionType): llvm.Function {
    const code = llvm.Function.Create(type, llvm.GlobalValue.LinkageTypes.InternalLinkage, name, this.module);
    this.queue.push({ lambda, symbol: name, code });
    return code;
  }
}
