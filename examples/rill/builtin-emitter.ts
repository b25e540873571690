/** Emits calls of what the language brings along. */
import llvm from 'llvm-bindings';
import type { FunctionEmitter } from './function-emitter.js';
import { int, show, type Type } from './types.js';

/**
 * Emits one call.
 *
 * @param emitter - The function it stands in.
 * @param name - Which one.
 * @param values - The arguments.
 * @param type - The type of the first one.
 * @param at - Where the call is.
 */
export function emitBuiltin(
  emitter: FunctionEmitter,
  name: string,
  values: readonly llvm.Value[],
  type: Type = int,
  at = 0,
): llvm.Value {
  const { builder, unit } = emitter;
  emitter.locate(at);
  const [first = unit.number(0), second = unit.number(0), third = unit.number(0)] = values;
  switch (name) {
    case 'print':
    case 'write':
      return emitter.call('write', unit.nothing, [
        asString(emitter, first, type),
        builder.getInt1(name === 'print'),
      ]);
    case 'str':
      return asString(emitter, first, type);
    case 'fixed':
      return emitter.call('fixed', unit.reference, [first, second]);
    case 'int':
      // Saturating, since out of range LLVM's plain conversion means nothing.
      return builder.CreateCall(intrinsic(emitter, llvm.Intrinsic.fptosi_sat, [unit.int, unit.float]), [
        first,
      ]);
    case 'float':
      return builder.CreateSIToFP(first, unit.float);
    case 'sqrt':
      return builder.CreateCall(intrinsic(emitter, llvm.Intrinsic.sqrt, [unit.float]), [first]);
    case 'chr':
      return emitter.call('chr', unit.reference, [first]);
    case 'slice': {
      const length = emitter.load(unit.int, first, unit.array, 0);
      const isInside = builder.CreateAnd(
        builder.CreateICmpULE(third, length),
        builder.CreateICmpULE(second, third),
      );
      emitter.require(isInside, at, 'no slice goes from %ld to %ld', [second, third]);
      return emitter.call('slice', unit.reference, [first, second, third]);
    }
    default:
      return filledArray(emitter, first, second, at);
  }
}

function intrinsic({ unit }: FunctionEmitter, id: number, types: llvm.Type[]): llvm.Function {
  return llvm.Intrinsic.getDeclaration(unit.module, id, types);
}

/** Values of other types than these have no text; their type is shown. */
function asString(emitter: FunctionEmitter, value: llvm.Value, type: Type): llvm.Value {
  const { builder, unit } = emitter;
  if (type.kind === 'string') return value;
  if (type.kind === 'int') return emitter.call('from_int', unit.reference, [value]);
  if (type.kind === 'float') return emitter.call('from_float', unit.reference, [value]);
  if (type.kind === 'bool') return builder.CreateSelect(value, unit.string('true'), unit.string('false'));
  return unit.string(`<${show(type)}>`);
}

/** `array(n, value)` */
function filledArray(emitter: FunctionEmitter, count: llvm.Value, value: llvm.Value, at: number): llvm.Value {
  const { builder, unit } = emitter;
  const type = value.getType();
  const isPossible = builder.CreateICmpULT(count, unit.number(2 ** 40));
  emitter.require(isPossible, at, "an array can't have %ld elements", [count]);
  const cell = emitter.variable(type, 'element');
  builder.CreateStore(value, cell);
  const isLeaf = builder.getInt1(!llvm.Type.isSameType(type, unit.reference));
  const address = builder.CreateBitCast(cell, unit.reference);
  return emitter.call('filled', unit.reference, [count, unit.sizeOf(type), isLeaf, address]);
}
