/** Emits expressions. */
import llvm from 'llvm-bindings';
import { emitBuiltin } from './builtin-emitter.js';
import { FunctionEmitter } from './function-emitter.js';
import { emitOperator } from './operator-emitter.js';
import type { FunctionSymbol, Global, Local } from './symbols.js';
import type { Binary, Call, Expression, Lambda } from './syntax.js';
import { isReference, show, type Type } from './types.js';

export class ExpressionEmitter extends FunctionEmitter {
  #lambdas = 0;

  value(expression: Expression): llvm.Value {
    const { builder, unit } = this;
    switch (expression.kind) {
      case 'literal':
        return this.#literal(expression.value);
      case 'name':
      case 'index':
      case 'field': {
        const symbol = expression.kind === 'index' ? undefined : expression.symbol;
        if (symbol?.kind === 'function') return this.#functionValue(symbol);
        const target = expression.kind === 'name' ? undefined : expression.target.type;
        if (expression.kind === 'index' && target?.kind === 'string') {
          const byte = this.element(
            this.value(expression.target),
            this.value(expression.index),
            undefined,
            expression.at,
          );
          return builder.CreateZExt(builder.CreateLoad(unit.byte, byte), unit.int);
        }
        return builder.CreateLoad(unit.typeOf(typeOf(expression)), this.address(expression));
      }
      case 'array':
        return this.#array(expression.elements, typeOf(expression));
      case 'unary': {
        const operand = this.value(expression.operand);
        if (expression.operator === '!') return builder.CreateNot(operand);
        return typeOf(expression).kind === 'int' ? builder.CreateNeg(operand) : builder.CreateFNeg(operand);
      }
      case 'binary':
        return this.#binary(expression);
      case 'call':
        return this.#call(expression);
      case 'lambda':
        return this.#lambda(expression);
    }
  }

  /** Where a variable, an element or a field is. */
  address(target: Expression): llvm.Value {
    const symbol = target.kind === 'name' || target.kind === 'field' ? target.symbol : undefined;
    if (symbol?.kind === 'local') return this.place(symbol);
    if (symbol?.kind === 'global') return this.#global(symbol);
    if (target.kind === 'index') {
      const array = typeOf(target.target);
      const element = array.kind === 'array' ? array.element : undefined;
      return this.element(this.value(target.target), this.value(target.index), element, target.at);
    }
    if (target.kind !== 'field') throw new Error(`a ${target.kind} has no address`);
    const type = typeOf(target.target);
    const reference = this.value(target.target);
    // An array and a string begin with their length.
    if (type.kind !== 'struct') return this.part(reference, this.unit.array, 0);
    const index = type.fields.findIndex(({ name }) => name === target.name);
    const record = this.unit.record(type.fields.map((field) => field.type));
    this.require(this.builder.CreateIsNotNull(reference), target.at, 'this is nil');
    return this.part(reference, record, index);
  }

  /** A lazy variable is looked after at each use, and initialised at the first. */
  #global(global: Global): llvm.Value {
    const { builder, unit } = this;
    if (global.isLazy) {
      const absent = this.block('absent');
      const there = this.block('there');
      const state = builder.CreateLoad(unit.byte, unit.state(global));
      builder.CreateCondBr(builder.CreateICmpEQ(state, builder.getInt8(2)), there, absent);
      builder.SetInsertPoint(absent);
      const type = llvm.FunctionType.get(unit.nothing, [], false);
      builder.CreateCall(unit.function(`${global.symbol}.init`, type), []);
      this.enter(there);
    }
    return unit.variable(global);
  }

  #literal(value: bigint | number | boolean | string | null): llvm.Value {
    const { builder, unit } = this;
    if (value === null) return llvm.Constant.getNullValue(unit.reference);
    if (typeof value === 'boolean') return builder.getInt1(value);
    if (typeof value === 'number') return llvm.ConstantFP.get(unit.float, value);
    if (typeof value === 'string') return unit.string(value);
    // A number of JS holds 53 bits exactly: so in two parts, which LLVM folds.
    const high = builder.CreateShl(unit.number(Number(value >> 32n)), unit.number(32));
    return builder.CreateOr(high, unit.number(Number(value & 0xffff_ffffn)));
  }

  #array(elements: readonly Expression[], type: Type): llvm.Value {
    const element = type.kind === 'array' ? type.element : type;
    const held = this.unit.typeOf(element);
    const array = this.newArray(this.unit.number(elements.length), element);
    for (const [index, item] of elements.entries()) {
      const value = this.value(item);
      const data = this.load(this.unit.reference, array, this.unit.array, 2);
      const typed = this.typed(data, held);
      this.builder.CreateStore(value, this.builder.CreateInBoundsGEP(held, typed, this.unit.number(index)));
    }
    return array;
  }

  /** An array of so many elements, all zero. */
  newArray(count: llvm.Value, element: Type): llvm.Value {
    const { unit, builder } = this;
    const size = unit.sizeOf(unit.typeOf(element));
    return this.call('array', unit.reference, [count, size, builder.getInt1(!isReference(element))]);
  }

  #binary({ operator, left, right, at }: Binary): llvm.Value {
    if (operator === '&&' || operator === '||') return this.#shortCircuit(operator, left, right);
    const values = [this.value(left), this.value(right)] as const;
    return emitOperator(this, operator, values, typeOf(left), at);
  }

  #shortCircuit(operator: '&&' | '||', left: Expression, right: Expression): llvm.Value {
    const { builder, unit } = this;
    const second = this.block('second');
    const end = this.block('end');
    const first = this.value(left);
    const from = this.current;
    if (operator === '&&') builder.CreateCondBr(first, second, end);
    else builder.CreateCondBr(first, end, second);
    builder.SetInsertPoint(second);
    const other = this.value(right);
    const otherFrom = this.current;
    this.enter(end);
    const both = builder.CreatePHI(unit.bool, 2);
    both.addIncoming(first, from);
    both.addIncoming(other, otherFrom);
    return both;
  }

  #call({ callee, given, at }: Call): llvm.Value {
    const { builder, unit } = this;
    const symbol = callee.kind === 'name' || callee.kind === 'field' ? callee.symbol : undefined;
    if (callee.kind === 'field' && symbol === undefined && typeOf(callee.target).kind === 'array') {
      return this.#changeLength(callee.name, callee.target, given, at);
    }
    if (symbol?.kind === 'builtin') {
      const type = given.map(typeOf)[0];
      return emitBuiltin(
        this,
        symbol.name,
        given.map((argument) => this.value(argument)),
        type,
        at,
      );
    }
    const closure = symbol?.kind === 'function' || symbol?.kind === 'struct' ? undefined : this.value(callee);
    const values = given.map((argument) => this.value(argument));
    this.locate(at);
    if (symbol?.kind === 'struct') {
      const fields = symbol.type.fields.map(({ type }) => type);
      const record = unit.record(fields);
      const made = this.allocate(record, !fields.some(isReference));
      for (const [index, value] of values.entries())
        builder.CreateStore(value, this.part(made, record, index));
      return made;
    }
    if (symbol?.kind === 'function') {
      return builder.CreateCall(unit.function(symbol.symbol, unit.signature(symbol.type)), values);
    }
    const type = typeOf(callee);
    if (closure === undefined || type.kind !== 'function') throw new Error(`${show(type)} was not checked`);
    const signature = unit.signature(type, true);
    const code = this.load(unit.reference, closure, llvm.StructType.get(unit.context, [unit.reference]), 0);
    return builder.CreateCall(signature, this.typed(code, signature), [closure, ...values]);
  }

  #changeLength(name: string, target: Expression, given: readonly Expression[], at: number): llvm.Value {
    const { builder, unit } = this;
    const array = typeOf(target);
    if (array.kind !== 'array') throw new Error(`${show(array)} was not checked`);
    const head = this.value(target);
    const place = this.part(head, unit.array, 0);
    if (name === 'push') {
      const values = given.map((argument) => this.value(argument));
      const length = builder.CreateLoad(unit.int, place);
      const size = unit.sizeOf(unit.typeOf(array.element));
      this.call('grow', unit.nothing, [head, size, builder.getInt1(!isReference(array.element))]);
      const slot = this.element(head, length, array.element, at);
      return builder.CreateStore(values[0] ?? unit.number(0), slot);
    }
    const length = builder.CreateLoad(unit.int, place);
    this.require(builder.CreateICmpSGT(length, unit.number(0)), at, 'pop of an empty array');
    const last = builder.CreateSub(length, unit.number(1));
    const value = builder.CreateLoad(unit.typeOf(array.element), this.element(head, last, array.element, at));
    builder.CreateStore(last, place);
    return value;
  }

  /** A function as a value: a closure without captures, whose code drops the closure and calls the function. */
  #functionValue(symbol: FunctionSymbol): llvm.Value {
    const { unit } = this;
    const code = unit.module.getFunction(`${symbol.symbol}.value`) ?? this.#adapter(symbol);
    const closure = llvm.StructType.get(unit.context, [unit.reference]);
    const address = llvm.ConstantExpr.getBitCast(code, unit.reference);
    return unit.constant(closure, llvm.ConstantStruct.get(closure, [address]), 'closure');
  }

  #adapter({ symbol, type }: FunctionSymbol): llvm.Function {
    const { unit } = this;
    const { InternalLinkage } = llvm.GlobalValue.LinkageTypes;
    const code = llvm.Function.Create(
      unit.signature(type, true),
      InternalLinkage,
      `${symbol}.value`,
      unit.module,
    );
    const builder = new llvm.IRBuilder(llvm.BasicBlock.Create(unit.context, 'entry', code));
    const given = type.parameters.map((_type, index) => code.getArg(index + 1));
    const result = builder.CreateCall(unit.function(symbol, unit.signature(type)), given);
    if (type.result.kind === 'void') builder.CreateRetVoid();
    else builder.CreateRet(result);
    return code;
  }

  /**
   * A closure: its code, then what it captures. The name of its code says what it captures, so that a closure that was
   * made before an edit never meets code that expects another one.
   */
  #lambda(lambda: Lambda): llvm.Value {
    const { builder, unit } = this;
    const type = typeOf(lambda);
    if (type.kind !== 'function') throw new Error(`${show(type)} was not checked`);
    this.#lambdas += 1;
    const captured = lambda.captures
      .map((local) => `${isShared(local) ? 'var ' : ''}${show(local.type)}`)
      .join(', ');
    const name = `${this.head.symbol}.${String(this.#lambdas)} ${show(type)} [${captured}]`;
    const code = unit.lambda(lambda, name, unit.signature(type, true));
    const record = closureRecord(this, lambda.captures);
    const closure = this.allocate(record, false);
    builder.CreateStore(builder.CreateBitCast(code, unit.reference), this.part(closure, record, 0));
    for (const [index, local] of lambda.captures.entries()) {
      const place = this.place(local);
      const value = isShared(local)
        ? builder.CreateBitCast(place, unit.reference)
        : builder.CreateLoad(unit.typeOf(local.type), place);
      builder.CreateStore(value, this.part(closure, record, index + 1));
    }
    return closure;
  }
}

/** A variable that lies in a box, which the function and its closures share. */
export function isShared(local: Local): boolean {
  return local.isMutable && local.isCaptured;
}

/** How a closure lies on the heap. */
export function closureRecord({ unit }: FunctionEmitter, captures: readonly Local[]): llvm.StructType {
  const held = captures.map((local) => (isShared(local) ? unit.reference : unit.typeOf(local.type)));
  return llvm.StructType.get(unit.context, [unit.reference, ...held]);
}

/** The type that the checker found. */
export function typeOf({ type }: Expression): Type {
  if (type === undefined) throw new Error('what is emitted was checked');
  return type;
}
