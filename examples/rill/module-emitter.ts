/** A checked module to a module of LLVM. */
import llvm from 'llvm-bindings';
import type { CheckedModule } from './checker.js';
import { closureRecord, isShared, typeOf } from './expression-emitter.js';
import { StatementEmitter } from './statement-emitter.js';
import type { FunctionSymbol, Global } from './symbols.js';
import type { Expression, FunctionSyntax, VariableSyntax } from './syntax.js';
import { isReference, nothing, type Type } from './types.js';
import { type QueuedLambda, Unit } from './unit.js';

/** Types that a function may have to be called from JS. */
const plain = ['int', 'float', 'bool', 'string', 'void'];

/** Builds a module's IR. */
export function emitModule(checked: CheckedModule): llvm.Module {
  const unit = new Unit(checked);
  const { variables, functions } = checked.syntax;
  for (const variable of variables) {
    const symbol = checked.members.get(variable.name);
    if (symbol?.kind === 'global') emitVariable(unit, variable, symbol);
  }
  for (const code of functions) {
    const symbol = checked.members.get(code.name);
    if (symbol?.kind === 'function') emitNamed(unit, code, symbol);
  }
  for (let next = unit.queue.shift(); next !== undefined; next = unit.queue.shift()) emitLambda(unit, next);
  unit.debug.finish();
  if (llvm.verifyModule(unit.module)) throw new Error(`${checked.name}: the IR is wrong`);
  return unit.module;
}

function emitNamed(unit: Unit, syntax: FunctionSyntax, { symbol, type }: FunctionSymbol): void {
  const code = unit.function(symbol, unit.signature(type));
  emitBody(new StatementEmitter(unit, { code, symbol, title: syntax.name, at: syntax.at, type }), syntax);
  if ([...type.parameters, type.result].every(({ kind }) => plain.includes(kind))) {
    emitEntry(unit, code, symbol, type);
  }
}

/** A closure's code: what it captured becomes variables of its own, or shared ones. */
function emitLambda(unit: Unit, { lambda, symbol, code }: QueuedLambda): void {
  const type = typeOf(lambda);
  if (type.kind !== 'function') throw new Error('what is emitted was checked');
  const emitter = new StatementEmitter(unit, { code, symbol, title: 'closure', at: lambda.at, type });
  const record = closureRecord(emitter, lambda.captures);
  for (const [index, local] of lambda.captures.entries()) {
    const held = unit.typeOf(local.type);
    const value = emitter.load(isShared(local) ? unit.reference : held, code.getArg(0), record, index + 1);
    if (isShared(local)) emitter.share(local, emitter.typed(value, held));
    else emitter.declare(local, value, lambda.at);
  }
  emitBody(emitter, lambda.code);
}

function emitBody(emitter: StatementEmitter, { locals = [], body, at }: FunctionSyntax): void {
  const { code } = emitter.head;
  const first = code.arg_size() - locals.length;
  for (const [index, local] of locals.entries())
    emitter.declare(local, code.getArg(first + index), at, index + 1);
  emitter.statements(body);
  emitter.finish();
}

/** How JS calls a function: one pointer to its arguments, 8 bytes each; the result takes the place of the first. */
function emitEntry(
  unit: Unit,
  code: llvm.Function,
  symbol: string,
  { parameters, result }: Type & { kind: 'function' },
): void {
  const type = llvm.FunctionType.get(unit.nothing, [unit.reference], false);
  const entry = unit.function(`${symbol}.entry`, type);
  const builder = new llvm.IRBuilder(llvm.BasicBlock.Create(unit.context, 'entry', entry));
  const cell = (index: number, held: llvm.Type): llvm.Value => {
    const place = builder.CreateInBoundsGEP(unit.byte, entry.getArg(0), unit.number(8 * index));
    return builder.CreateBitCast(place, llvm.PointerType.get(held, 0));
  };
  const given = parameters.map((parameter, index) => {
    const held = unit.typeOf(parameter);
    return builder.CreateLoad(held, cell(index, held));
  });
  const value = builder.CreateCall(code, given);
  if (result.kind !== 'void') builder.CreateStore(value, cell(0, unit.typeOf(result)));
  builder.CreateRetVoid();
}

/** A variable with a constant value has it from the start; any other one is initialised by a function at its first use. */
function emitVariable(unit: Unit, { value, name, at }: VariableSyntax, global: Global): void {
  const held = unit.typeOf(global.type);
  const variable = unit.variable(global);
  variable.setInitializer(global.isLazy ? llvm.Constant.getNullValue(held) : constantOf(unit, value));
  if (!global.isLazy) return;
  const state = unit.state(global);
  state.setInitializer(llvm.ConstantInt.get(unit.byte, 0));
  const symbol = `${global.symbol}.init`;
  const type = { kind: 'function', parameters: [], result: nothing } as const;
  const code = unit.function(symbol, unit.signature(type));
  const emitter = new StatementEmitter(unit, { code, symbol, title: `value of ${name}`, at, type });
  const { builder } = emitter;
  const isNew = builder.CreateICmpEQ(builder.CreateLoad(unit.byte, state), builder.getInt8(0));
  emitter.require(isNew, at, `${name} has no value: it needs itself, or finding it failed before`);
  builder.CreateStore(builder.getInt8(1), state);
  builder.CreateStore(emitter.value(value), variable);
  if (isReference(global.type)) {
    emitter.call('root', unit.nothing, [builder.CreateBitCast(variable, unit.reference)]);
  }
  builder.CreateStore(builder.getInt8(2), state);
  emitter.finish();
}

function constantOf(unit: Unit, value: Expression, sign = 1): llvm.Constant {
  if (value.kind === 'unary') return constantOf(unit, value.operand, -sign);
  const given = value.kind === 'literal' ? value.value : null;
  if (typeof given === 'boolean') return llvm.ConstantInt.get(unit.bool, given ? 1 : 0);
  if (typeof given === 'string') return unit.string(given);
  if (typeof given === 'number') return llvm.ConstantFP.get(unit.float, sign * given);
  return unit.number(sign * Number(given));
}
