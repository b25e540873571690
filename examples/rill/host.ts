/** Values between JS and the program: an int is a bigint, a float a number, a bool a boolean, a string a string. */
import type { Engine } from 'tierlink';
import type { Runtime } from './runtime.js';
import { show, type Type } from './types.js';

/** What crosses. */
export type Plain = bigint | number | boolean | string | undefined;
/** A function of JS that the program declares as `extern fn`. It is called on JS's thread while the program waits. */
export type HostFunction = (...given: never[]) => Plain;
type Signature = Type & { readonly kind: 'function' };

const letters: Readonly<Record<string, string>> = {
  int: 'i64',
  float: 'double',
  bool: 'i1',
  string: 'ptr',
  void: 'void',
};

/** Gives the program a function of JS under a name; strings are copied on the way. */
export function defineHost(
  engine: Engine,
  name: string,
  type: Signature,
  host: HostFunction,
  runtime: () => Runtime,
): void {
  const words = [...type.parameters, type.result].map(({ kind }) => letters[kind] ?? kind);
  const signature = `${words.at(-1) ?? ''} (${words.slice(0, -1).join(', ')})`;
  engine.define(name, signature, (...given: unknown[]) => {
    const values = given.map((value, index) => {
      return type.parameters[index]?.kind === 'string' ? runtime().read(value as bigint) : value;
    });
    const result = host(...(values as never[]));
    return typeof result === 'string' && type.result.kind === 'string' ? runtime().write(result) : result;
  });
}

/** Arguments as the 8-byte cells that a function's entry reads. @throws TypeError for a value of another type */
export function packArguments(
  { parameters }: Signature,
  given: readonly Plain[],
  runtime: Runtime,
): DataView {
  if (given.length !== parameters.length) {
    throw new TypeError(`it takes ${String(parameters.length)} arguments, not ${String(given.length)}`);
  }
  const cells = new DataView(new ArrayBuffer(8 * Math.max(1, given.length)));
  for (const [index, type] of parameters.entries()) {
    const value = given[index];
    const at = 8 * index;
    if (type.kind === 'int' && typeof value === 'bigint') cells.setBigInt64(at, value, true);
    else if (type.kind === 'float' && typeof value === 'number') cells.setFloat64(at, value, true);
    else if (type.kind === 'bool' && typeof value === 'boolean') cells.setUint8(at, value ? 1 : 0);
    else if (type.kind === 'string' && typeof value === 'string')
      cells.setBigInt64(at, runtime.write(value), true);
    else throw new TypeError(`argument ${String(index + 1)} must be of type ${show(type)}`);
  }
  return cells;
}

/** The result that an entry left in the first cell. */
export function unpackResult({ result }: Signature, cells: DataView, runtime: Runtime): Plain {
  if (result.kind === 'void') return undefined;
  if (result.kind === 'int') return cells.getBigInt64(0, true);
  if (result.kind === 'float') return cells.getFloat64(0, true);
  if (result.kind === 'bool') return (cells.getUint8(0) & 1) === 1;
  return runtime.read(cells.getBigUint64(0, true));
}
