/** Memory of one engine: who gives it, and what sections and tables get. */
import { TierlinkError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { CheckedMemory } from '../memory/checked.js';
import type { MemoryManager } from '../memory/memory-manager.js';
import { SectionMemory } from '../memory/section-memory.js';
import { Transaction } from '../memory/transaction.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { TableBlock, TableMemory, TableNeed } from '../../stubs/table-memory.js';
import { viewProbe } from './memory-managers.js';
import { type Settings, useManager } from './options.js';

/** Tables begin on a page, in bytes. */
const tableAlignment = 4096;

/**
 * Makes the addon's half of an engine, and the memory manager, whole or not at all.
 *
 * @param settings - The settled options.
 * @returns Both.
 * @throws TierlinkError OPTION_INVALID, MEMORY_EXHAUSTED
 */
export function createNative(settings: Settings): {
  readonly manager: MemoryManager;
  readonly engine: Handle;
} {
  const { addon, memoryManager } = settings;
  const manager =
    memoryManager === undefined
      ? settings.defaultMemory()
      : new CheckedMemory(memoryManager, viewProbe(addon));
  try {
    const engine = addon.engineCreate();
    // From here on the engine destroys it; until then it is still its maker's.
    if (memoryManager !== undefined) useManager(memoryManager);
    return { manager, engine };
  } catch (cause) {
    if (memoryManager === undefined) manager.destroy();
    const details = { module: 'a new engine', region: 'data', needed: 0, limit: undefined };
    throw new TierlinkError('MEMORY_EXHAUSTED', details, { cause });
  }
}

/**
 * Memory for sections, each within what the addon covers for unwinding and scans.
 *
 * @param manager - Gives it.
 * @param addon - The addon.
 * @param engine - Its half of the engine.
 * @param emit - Hears of what a manager could not do.
 * @returns The memory.
 */
export function sectionMemory(
  manager: MemoryManager,
  addon: NativeAddon,
  engine: Handle,
  emit: Emit,
): SectionMemory {
  return new SectionMemory({
    manager,
    cover: (section) => {
      const around = addon.engineCover(engine, BigInt(section.address), section.bytes);
      return around === null ? undefined : { start: Number(around.start), end: Number(around.end) };
    },
    uncover: (start) => {
      addon.engineUncover(engine, BigInt(start));
    },
    warn: (module, message) => {
      emit('warning', { module, message });
    },
  });
}

/**
 * Memory for tables: all blocks of a chunk or none.
 *
 * @param memory - Of the engine.
 * @returns What tables grow in.
 */
export function tableMemory(memory: SectionMemory): TableMemory {
  const module = 'offset table';
  return {
    tableChunk: (needs, fill) => {
      const transaction = new Transaction(memory);
      try {
        // Safe because the keys are those of `needs`.
        const chunk = Object.fromEntries(
          Object.entries<TableNeed>(needs).map(([name, { kind, size }]) => {
            return [name, transaction.allocate(kind, size, tableAlignment, module)];
          }),
        ) as unknown as Record<keyof typeof needs, TableBlock>;
        fill(chunk);
        memory.finalize(module);
        transaction.commit();
        return chunk;
      } catch (error) {
        transaction.abort();
        throw error;
      }
    },
  };
}
