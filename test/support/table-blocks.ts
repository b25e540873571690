/** Memory for tables that lies nowhere: blocks with addresses of their own. */
import { address } from '../../src/core/ids.js';
import type { TableBlock, TableMemory, TableNeed } from '../../stubs/table-memory.js';

/** Memory, and the blocks that were taken from it. */
export interface TableBlocks {
  readonly memory: TableMemory;
  readonly blocks: readonly TableBlock[];
  /** The block that an address lies in, and how far from its start. */
  readonly find: (at: number) => { readonly block: TableBlock; readonly offset: number };
}

/** Makes memory. */
export function tableBlocks(): TableBlocks {
  let next = 0x1000_0000;
  const blocks: TableBlock[] = [];
  const take = (size: number): TableBlock => {
    const block = { address: address(next), bytes: new Uint8Array(size) };
    blocks.push(block);
    next += 0x10_0000;
    return block;
  };
  const memory: TableMemory = {
    tableChunk: (needs, fill) => {
      const taken = Object.entries<TableNeed>(needs).map(([name, { size }]) => [name, take(size)] as const);
      // Safe because the keys are those of `needs`.
      const chunk = Object.fromEntries(taken) as unknown as Record<keyof typeof needs, TableBlock>;
      fill(chunk);
      return chunk;
    },
  };
  const find = (at: number): { readonly block: TableBlock; readonly offset: number } => {
    const block = blocks.find((item) => at >= item.address && at < item.address + item.bytes.length);
    if (block === undefined) throw new Error(`no block has ${at.toString(16)}`);
    return { block, offset: at - block.address };
  };
  return { memory, blocks, find };
}
