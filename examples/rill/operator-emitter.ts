/** Emits binary operators, but for && and ||, which are branches. */
import type llvm from 'llvm-bindings';
import type { FunctionEmitter } from './function-emitter.js';
import type { Type } from './types.js';

type Operands = readonly [left: llvm.Value, right: llvm.Value];

/** Instructions for each operator: for ints, for floats. */
const instructions = {
  '+': ['CreateAdd', 'CreateFAdd'],
  '-': ['CreateSub', 'CreateFSub'],
  '*': ['CreateMul', 'CreateFMul'],
  '&': ['CreateAnd', undefined],
  '|': ['CreateOr', undefined],
  '^': ['CreateXor', undefined],
  '==': ['CreateICmpEQ', 'CreateFCmpOEQ'],
  '!=': ['CreateICmpNE', 'CreateFCmpUNE'],
  '<': ['CreateICmpSLT', 'CreateFCmpOLT'],
  '<=': ['CreateICmpSLE', 'CreateFCmpOLE'],
  '>': ['CreateICmpSGT', 'CreateFCmpOGT'],
  '>=': ['CreateICmpSGE', 'CreateFCmpOGE'],
} as const;

/** Emits an operator on two values of a type. */
export function emitOperator(
  emitter: FunctionEmitter,
  operator: string,
  [left, right]: Operands,
  type: Type,
  at: number,
): llvm.Value {
  const { builder, unit } = emitter;
  if (type.kind === 'string') {
    if (operator === '+') return emitter.call('concat', unit.reference, [left, right]);
    const same = emitter.call('equal', unit.bool, [left, right]);
    return operator === '==' ? same : builder.CreateNot(same);
  }
  if (operator === '<<' || operator === '>>') {
    const places = builder.CreateAnd(right, unit.number(63));
    return operator === '<<' ? builder.CreateShl(left, places) : builder.CreateAShr(left, places);
  }
  if (type.kind === 'float' && operator === '/') return builder.CreateFDiv(left, right);
  if (operator === '/' || operator === '%') return divide(emitter, operator, [left, right], at);
  const [forInts, forFloats] = instructions[operator as keyof typeof instructions];
  return builder[type.kind === 'float' && forFloats !== undefined ? forFloats : forInts](left, right);
}

function divide(
  emitter: FunctionEmitter,
  operator: '/' | '%',
  [left, right]: Operands,
  at: number,
): llvm.Value {
  const { builder, unit } = emitter;
  emitter.require(builder.CreateICmpNE(right, unit.number(0)), at, 'division by zero');
  // The processor traps on the least int divided by -1: so that is a negation, which wraps.
  const isNegation = builder.CreateICmpEQ(right, unit.number(-1));
  const divisor = builder.CreateSelect(isNegation, unit.number(1), right);
  if (operator === '%') return builder.CreateSRem(left, divisor);
  return builder.CreateSelect(isNegation, builder.CreateNeg(left), builder.CreateSDiv(left, divisor));
}
