/** Adds up where an engine's memory went. */
import type { LinkedImage } from '../link/image.js';
import type { MemoryBlock } from '../memory/block.js';
import { parseProcessMap, type ReadProcessMap } from '../memory/process-map.js';
import { engineMappings } from './audit.js';
import type { Composition } from './compose.js';
import { type Ledger, type LedgerAmounts, type LedgerEntry, nothing, sum } from './ledger.js';
import { type LinkedVersion, type LoadedModule, versionsOf } from './loaded-module.js';
import { symbolBytesOfImage, symbolBytesOfModule } from './symbol-bytes.js';
import { regionDemands } from './take-audit.js';

/** The word behind an unwind table that ends it. */
const terminatorBytes = 4;

/**
 * Takes the ledger.
 *
 * @param parts - The engine's parts.
 * @param read - Gives the process's map.
 * @returns Plain data.
 */
export function takeLedger(parts: Composition, read: ReadProcessMap): Ledger {
  const seen = new Set<object>();
  const entries: LedgerEntry[] = [tables(parts)];
  for (const home of parts.modules.values()) {
    entries.push(moduleEntry(home, seen));
    for (const version of versionsOf(home)) entries.push(versionEntry(version, 'version', seen));
  }
  for (const { item, hold } of parts.retirement.waiting()) {
    entries.push({ ...versionEntry(item.version, 'retired', seen, item.blocks), hold });
  }
  for (const [module, blocks] of parts.withdrawal.leftBehind) {
    entries.push(entry('removed', module, regionBytes(blocks)));
  }
  const mappings = engineMappings(parseProcessMap(read('maps')), regionDemands(parts)).length;
  return { entries, total: sum(entries), mappings };
}

function tables({ table, lazyEntries, loopCells, targets, withdrawal, cells }: Composition): LedgerEntry {
  const bytesOf = (...kinds: readonly string[]): number =>
    [...table.ranges(), ...lazyEntries.ranges(), ...loopCells.ranges(), ...withdrawal.ranges()].reduce(
      (bytes, { kind, size }) => bytes + (kinds.includes(kind) ? size : 0),
      0,
    );
  const held = targets.heldBytes + cells.bytes;
  return entry('tables', null, {
    code: bytesOf('stubs'),
    data: bytesOf('slots', 'counters', 'loops') + held,
  });
}

/** What a module has once: its variables, unless they lie in one image with its code, as those of ELF objects do. */
function moduleEntry(home: LoadedModule, seen: Set<object>): LedgerEntry {
  const { record, data } = home;
  const { canonical } = record;
  const bitcode = canonical.kind === 'ir' ? canonical.code.length + (canonical.data?.length ?? 0) : 0;
  const ofVersions = new Set(Array.from(versionsOf(home), ({ image }) => image));
  const images = data.filter(({ image }) => !ofVersions.has(image));
  const own = sum(images.map(({ image, blocks }) => imageAmounts(image, blocks, seen)));
  const symbols = own.symbols + symbolBytesOfModule(record);
  return entry('module', record.name, { ...own, symbols, bitcode });
}

function versionEntry(
  { module, tier, id, image, blocks: own }: LinkedVersion,
  holder: 'version' | 'retired',
  seen: Set<object>,
  blocks: readonly MemoryBlock[] = own,
): LedgerEntry {
  return { ...entry(holder, module, imageAmounts(image, blocks, seen)), tier: tier.name, version: id };
}

function imageAmounts(image: LinkedImage, blocks: readonly MemoryBlock[], seen: Set<object>): LedgerAmounts {
  // The old and the new copy of a version that was moved share what it takes to relink it.
  const isFirst = !seen.has(image.plan);
  seen.add(image.plan);
  return {
    ...nothing,
    ...regionBytes(blocks),
    unwind: image.frames === undefined ? 0 : image.frames.size + terminatorBytes,
    relocations: isFirst ? image.preserved.bytes : 0,
    symbols: isFirst ? symbolBytesOfImage(image.plan) : 0,
  };
}

function regionBytes(blocks: readonly MemoryBlock[]): Pick<LedgerAmounts, MemoryBlock['region']> {
  const bytesOf = (kind: MemoryBlock['region']): number =>
    blocks.reduce((bytes, { region, size }) => bytes + (region === kind ? size : 0), 0);
  return { code: bytesOf('code'), readonly: bytesOf('readonly'), data: bytesOf('data') };
}

function entry(
  holder: LedgerEntry['holder'],
  module: string | null,
  amounts: Partial<LedgerAmounts>,
): LedgerEntry {
  return { module, holder, tier: null, version: null, hold: null, ...nothing, ...amounts };
}
