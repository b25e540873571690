/** The blocks of an image: what is placed, and moves, as a whole. */

/** Executable code, constants, mutable data. */
export type BlockKind = 'code' | 'readonly' | 'data';

/** A block where a number is wanted, in packed entries and inner loops. */
export type BlockNumber = 1 | 2 | 3;

/** All blocks, in the order used throughout. */
export const blockKinds: readonly BlockKind[] = ['code', 'readonly', 'data'];

/** Number of a block in packed entries; 0 stands for a reference. */
export const blockNumber: Readonly<Record<BlockKind, BlockNumber>> = { code: 1, readonly: 2, data: 3 };
