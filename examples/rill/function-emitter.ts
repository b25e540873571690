/** What emitting any part of a function needs: blocks, variables, memory, checks with errors. */
import llvm from 'llvm-bindings';
import type { Head } from './debug-info.js';
import type { Local } from './symbols.js';
import { isReference, type Type } from './types.js';
import type { Unit } from './unit.js';

const { BasicBlock, IRBuilder } = llvm;

/** Emits one function. Its entry block has the variables; LLVM turns them into registers. */
export class FunctionEmitter {
  readonly unit: Unit;
  readonly head: Head;
  readonly builder: llvm.IRBuilder;
  readonly #scope: llvm.DISubprogram;
  readonly #variables: llvm.IRBuilder;
  readonly #body: llvm.BasicBlock;
  readonly #places = new Map<Local, llvm.Value>();

  constructor(unit: Unit, head: Head) {
    this.unit = unit;
    this.head = head;
    this.#scope = unit.debug.function(head);
    this.#variables = new IRBuilder(this.block('variables'));
    this.#body = this.block('body');
    this.builder = new IRBuilder(this.#body);
    this.locate(head.at);
  }

  /** What is emitted from now on belongs to this place in the source. */
  locate(at: number): void {
    this.builder.SetCurrentDebugLocation(this.unit.debug.location(this.#scope, at));
  }

  block(name: string): llvm.BasicBlock {
    return BasicBlock.Create(this.unit.context, name, this.head.code);
  }

  /** Goes on in another block, and from the current one into it, unless that has been left already. */
  enter(block: llvm.BasicBlock): void {
    this.leave(block);
    this.builder.SetInsertPoint(block);
  }

  leave(to: llvm.BasicBlock): void {
    if (!this.hasLeft) this.builder.CreateBr(to);
  }

  get current(): llvm.BasicBlock {
    const block = this.builder.GetInsertBlock();
    if (block === null) throw new Error('a function is emitted into some block');
    return block;
  }

  get hasLeft(): boolean {
    return this.current.getTerminator() !== null;
  }

  /** To be called when all statements are there. */
  finish(): void {
    if (!this.hasLeft) {
      if (this.head.type.result.kind === 'void') this.builder.CreateRetVoid();
      else this.builder.CreateUnreachable();
    }
    this.#variables.CreateBr(this.#body);
  }

  /** Memory for a variable; a box on the heap if a closure shares it. */
  declare(local: Local, value: llvm.Value, at: number, parameter = 0): void {
    const { unit } = this;
    const type = unit.typeOf(local.type);
    const isBoxed = local.isMutable && local.isCaptured;
    const place = isBoxed ? this.box(type, local.type) : this.variable(type, local.name);
    this.builder.CreateStore(value, place);
    this.#places.set(local, place);
    if (isBoxed) return;
    unit.debug.variable(place, local, { scope: this.#scope, at, block: this.current, parameter });
  }

  /** Memory in the function's frame. */
  variable(type: llvm.Type, name: string): llvm.Value {
    return this.#variables.CreateAlloca(type, null, name);
  }

  /** A variable whose box exists. */
  share(local: Local, box: llvm.Value): void {
    this.#places.set(local, box);
  }

  place(local: Local): llvm.Value {
    const place = this.#places.get(local);
    if (place === undefined) throw new Error(`${local.name} is used before it is declared`);
    return place;
  }

  box(type: llvm.Type, of: Type): llvm.Value {
    return this.typed(this.allocate(type, !isReference(of)), type);
  }

  /** New memory, all zero; a leaf holds no references, so the collector need not look into it. */
  allocate(type: llvm.Type, isLeaf: boolean): llvm.Value {
    const { unit } = this;
    const allocate = unit.runtime('allocate', unit.reference, [unit.int, unit.bool]);
    return this.builder.CreateCall(allocate, [unit.sizeOf(type), this.builder.getInt1(isLeaf)]);
  }

  /** A reference as LLVM 14 wants it: as a pointer to what is there. */
  typed(reference: llvm.Value, type: llvm.Type): llvm.Value {
    return this.builder.CreateBitCast(reference, llvm.PointerType.get(type, 0));
  }

  /** The address of a part of something on the heap. */
  part(reference: llvm.Value, type: llvm.Type, index: number): llvm.Value {
    const { builder } = this;
    const typed = this.typed(reference, type);
    return builder.CreateInBoundsGEP(type, typed, [builder.getInt32(0), builder.getInt32(index)]);
  }

  load(type: llvm.Type, reference: llvm.Value, of: llvm.Type, index: number): llvm.Value {
    return this.builder.CreateLoad(type, this.part(reference, of, index));
  }

  call(name: string, result: llvm.Type, given: llvm.Value[]): llvm.Value {
    const code = this.unit.runtime(
      name,
      result,
      given.map((value) => value.getType()),
    );
    return this.builder.CreateCall(code, given);
  }

  /** Goes on if a condition holds, else ends the program with an error that names the place. */
  require(condition: llvm.Value, at: number, message: string, numbers: readonly llvm.Value[] = []): void {
    const { builder, unit } = this;
    const good = this.block('good');
    const bad = this.block('bad');
    builder.CreateCondBr(condition, good, bad);
    builder.SetInsertPoint(bad);
    const [first = unit.number(0), second = unit.number(0)] = numbers;
    this.call('fail', unit.nothing, [unit.message(at, message), first, second]);
    builder.CreateUnreachable();
    builder.SetInsertPoint(good);
  }

  /** The address of an array's element, or of a string's byte. */
  element(array: llvm.Value, index: llvm.Value, element: Type | undefined, at: number): llvm.Value {
    const { builder, unit } = this;
    const length = this.load(unit.int, array, unit.array, 0);
    const message = 'index %ld is outside of a length of %ld';
    this.require(builder.CreateICmpULT(index, length), at, message, [index, length]);
    if (element === undefined) {
      return builder.CreateInBoundsGEP(unit.byte, array, builder.CreateAdd(index, unit.number(8)));
    }
    const type = unit.typeOf(element);
    const data = this.typed(this.load(unit.reference, array, unit.array, 2), type);
    return builder.CreateInBoundsGEP(type, data, index);
  }
}
