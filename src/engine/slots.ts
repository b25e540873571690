/** Slots of the functions that a module publishes. */
import type { SlotIndex } from '../core/ids.js';
import type { Transaction } from '../memory/transaction.js';
import type { Registry } from '../registry/registry.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { SymbolChain } from './symbol-chain.js';
import type { LoadedModule } from './loaded-module.js';
import type { Withdrawal } from './withdrawal.js';

/** What slots are taken from. */
export interface SlotParts {
  readonly symbols: SymbolTable;
  readonly chain: SymbolChain;
  readonly table: OffsetTable;
  readonly registry: Registry;
  readonly withdrawal: Withdrawal;
}

/**
 * Gives every function of a module that stands for its name a slot, if it has none: that of a removed function of the same
 * name and type, so that what still refers to it reaches the new one, or a free one.
 *
 * @param parts - Tables.
 * @param transaction - What takes the slots back if something fails later.
 * @param home - The module; its `slots` are set.
 * @throws TierlinkError MEMORY_EXHAUSTED
 */
export function takeSlots(parts: SlotParts, transaction: Transaction, home: LoadedModule): void {
  const { symbols, chain, table, registry, withdrawal } = parts;
  const slots = new Map<string, SlotIndex>();
  for (const definition of home.record.definitions) {
    const chosen = symbols.lookup(definition.name) === definition;
    if (definition.kind !== 'function' || definition.alias !== undefined || !chosen) continue;
    // A body that is not needed is not reached, so a definition that comes later is not too late.
    if (definition.binding === 'fallback' && !chain.needs(definition)) continue;
    if (definition.slot === undefined) {
      const removed = withdrawal.reconnect(definition);
      const slot = removed?.slot ?? table.allocate();
      definition.slot = slot;
      transaction.onAbort(() => {
        definition.slot = undefined;
        registry.disown(slot);
        if (removed === undefined) table.release(slot);
        else removed.undo();
      });
    }
    registry.own(definition.slot, definition);
    slots.set(definition.name, definition.slot);
  }
  home.slots = slots;
}
