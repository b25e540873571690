/** Reads what an engine's memory has to look like, and has the process's map compared with it. */
import { parseProcessMap, type ReadProcessMap, readProcessMap } from '../memory/process-map.js';
import { type AuditReport, auditMappings, type Demand } from './audit.js';
import type { Composition } from './compose.js';

/** A page of x86-64. */
const pageBytes = 4096;

/**
 * Audits an engine's memory, and the process it is in.
 *
 * @param parts - The engine's parts.
 * @param read - Gives the process's map.
 * @returns What was found.
 */
export function takeAudit(parts: Composition, read: ReadProcessMap = readProcessMap): AuditReport {
  const words = Array.from(parts.addon.hostCodeRanges(), Number);
  const v8Code = words.flatMap((start, index) =>
    index % 2 === 0 ? [[start, words[index + 1] ?? start] as const] : [],
  );
  return auditMappings(parseProcessMap(read('smaps')), {
    demands: demandsOf(parts),
    v8Code,
    isMappedTwice: parts.settings.memoryManager === undefined,
  });
}

/** A program may protect pages of its own variables, as long as none becomes executable. */
const demanded = { code: 'r-x', readonly: 'r--', data: '??-' } as const;

/**
 * The memory of an engine.
 *
 * @param parts - The engine's parts.
 * @returns Where it lies and what it must be: whole regions of the default memory manager, else each block.
 */
export function regionDemands({ memory, settings }: Pick<Composition, 'memory' | 'settings'>): Demand[] {
  const { ranges } = memory;
  if (settings.memoryManager !== undefined || ranges === undefined) {
    return [...memory.blocks()].map(({ region, address, size }): Demand => {
      return { role: region, start: address, end: address + size, permissions: demanded[region] };
    });
  }
  const regions = (['code', 'readonly', 'data'] as const).map((role): Demand => {
    const { start, bytes } = ranges[role];
    return { role, start, end: start + bytes, permissions: demanded[role] };
  });
  return [
    ...regions,
    guard({ role: 'data', ...ranges.data, end: ranges.data.start + ranges.data.bytes, permissions: '---' }),
  ];
}

function guard({ end, permissions }: Demand): Demand {
  return { role: 'guard', start: end, end: end + pageBytes, permissions };
}

function demandsOf(parts: Composition): Demand[] {
  const ranges = [
    ...parts.table.ranges(),
    ...parts.lazyEntries.ranges(),
    ...parts.withdrawal.ranges(),
    ...parts.loopCells.ranges(),
  ];
  const tables = ranges.map(({ kind, start, size }): Demand => {
    return { role: kind, start, end: start + size, permissions: kind === 'stubs' ? 'r-x' : 'rw-' };
  });
  return [...regionDemands(parts), ...tables];
}
