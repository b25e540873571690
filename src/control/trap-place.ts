/** Asks control where code trapped. */
import type { CodePlace } from '../call/callable.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { Line } from './line.js';

/**
 * Asks, and then lets the code go.
 *
 * @param addon - The addon.
 * @param engine - This thread's handle of the engine.
 * @param at - Where it trapped.
 * @param line - To control.
 * @returns Where that is; undefined if control is gone, or doesn't know.
 */
export function placeOfTrap(
  addon: Pick<NativeAddon, 'engineForgetTrap'>,
  engine: Handle,
  at: bigint,
  line: Line,
): CodePlace | undefined {
  try {
    // Safe because control answers with what `EngineCore.placeOf` returns.
    return line.call('placeOf', [at]) as CodePlace | undefined;
  } catch {
    // The trap is told all the same.
    return undefined;
  } finally {
    addon.engineForgetTrap(engine, at);
  }
}
