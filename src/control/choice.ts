/** Decides where an engine is controlled from: a worker, unless an option can't be given to one. */
import { invalid } from '../engine/option-checks.js';
import type { ControlKind, EngineOptions } from '../engine/options.js';

/**
 * Decides.
 *
 * @param options - As the user gave them.
 * @returns Where.
 * @throws TierlinkError OPTION_INVALID
 */
export function controlOf(options: EngineOptions): ControlKind {
  const wanted: string | undefined = options.control;
  if (wanted === 'inline') return 'inline';
  if (wanted !== undefined && wanted !== 'worker') throw invalid('control', wanted, '"worker" or "inline"');
  const path = bound(options, []);
  if (path === undefined) return 'worker';
  if (wanted === undefined) return 'inline';
  const value = 'an object with functions, which belongs to this thread';
  throw invalid(path, value, "plain data with control: 'worker'; or leave control out, or give 'inline'");
}

/** Path of the first option that belongs to its thread: a function, or an object of a class. */
function bound(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return named(path);
  if (typeof value !== 'object' || value === null) return undefined;
  // Bytes, which are copied.
  if (value instanceof Uint8Array) return undefined;
  if (!Array.isArray(value) && !isPlain(value)) return named(path);
  for (const [key, member] of Object.entries(value)) {
    const found = bound(member, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The option, not what is in it; of `parts`, the part. */
function named(path: readonly string[]): string {
  return path.slice(0, path[0] === 'parts' ? 2 : 1).join('.');
}
