/** One text for each value, whatever order its fields came in: what keys are hashes of. */
import { assert } from '../core/assert.js';
import { sha256Hex } from '../core/hashes.js';

/**
 * Writes plain data as text: equal values give equal texts, different ones different texts. A field that is undefined
 * is as good as absent.
 *
 * @param value - Strings, numbers, booleans, bigints, null, arrays, plain objects, views of bytes.
 * @returns The text.
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${String(value)}n`;
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      return value === null ? 'null' : ofObject(value);
    case 'function':
    case 'symbol':
      // A field that this passes over would give two different requests one key.
      assert(false, `a key can't be made of a ${typeof value}`);
  }
}

function ofObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return `${nameOf(value)}:${String(bytes.length)}:${sha256Hex(bytes)}`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  assert(prototype === Object.prototype, `a key can't be made of a ${nameOf(value)}`);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`);
  return `{${fields.join(',')}}`;
}

/** Bytes are bytes, whether Node or V8 made them. */
function nameOf(value: object): string {
  return value instanceof Uint8Array ? 'Uint8Array' : value.constructor.name;
}
