/** A place to link in: memory at chosen addresses, and symbols that lead where a test says. */
import { address } from '../../../src/core/ids.js';
import type { LinkContext, PlacedBlock, Placement, SymbolUse, Target } from '../../../src/link/context.js';
import { blockKinds, type PreparedImage } from '../../../src/link/image.js';

/** Addresses at which test images are placed unless a test says otherwise. */
export const place = { code: 0x1000_0000_0000, readonly: 0x1000_1000_0000, data: 0x1000_2000_0000 } as const;

/** Memory for every block of an image, filled as the memory manager fills it. */
export function placementAt(
  image: PreparedImage,
  at: { readonly code: number; readonly readonly: number; readonly data: number } = place,
): Placement {
  const placement: Record<string, PlacedBlock> = {};
  for (const block of blockKinds) {
    const { size } = image.blocks[block];
    if (size > 0) placement[block] = { address: address(at[block]), bytes: new Uint8Array(size) };
  }
  return placement;
}

/** A context that resolves the given names and records how they were asked for. */
export function contextOf(
  targets: Readonly<Record<string, Target>>,
  tlsModule?: bigint,
): LinkContext & { readonly asked: Map<string, SymbolUse> } {
  const asked = new Map<string, SymbolUse>();
  return {
    asked,
    tlsModule,
    searched: ['the test'],
    resolve(symbol, use) {
      asked.set(symbol, use);
      return targets[symbol];
    },
  };
}

/** A JIT function, its stub and slot at easily told addresses. */
export function jitFunction(index: number, direct?: number): Target {
  const stub = address(0x1000_3000_0000 + index * 8);
  const slot = address(0x1000_4000_0000 + index * 8);
  return direct === undefined
    ? { kind: 'function', stub, slot }
    : { kind: 'function', stub, slot, direct: address(direct) };
}

/** A function of the process, far away. */
export function farFunction(index: number): Target {
  return {
    kind: 'far-function',
    address: address(0x7fff_0000_0000 + index * 16),
    stub: address(0x1000_3100_0000 + index * 8),
    slot: address(0x1000_4100_0000 + index * 8),
  };
}

/** Reads an unsigned 64-bit word. */
export function word(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
}

/** Reads a signed 32-bit word. */
export function displacement(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}
