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
  return auditMappings(parseProcessMap(read('smaps')), { demands: demandsOf(parts), v8Code });
}

/**
 * The regions of an engine.
 *
 * @param parts - The engine's parts.
 * @returns Where they lie and what they must be.
 */
export function regionDemands({ addon, engine }: Pick<Composition, 'addon' | 'engine'>): Demand[] {
  const { code, readonly, data } = addon.engineRegions(engine);
  const region = (role: 'code' | 'readonly' | 'data', permissions: string): Demand => {
    const { base, bytes } = { code, readonly, data }[role];
    return { role, start: Number(base), end: Number(base) + bytes.byteLength, permissions };
  };
  return [
    region('code', 'r-x'),
    region('readonly', 'r--'),
    // A program may protect pages of its own variables, as long as none becomes executable.
    region('data', '??-'),
    guard(region('data', '---')),
  ];
}

function guard({ end, permissions }: Demand): Demand {
  return { role: 'guard', start: end, end: end + pageBytes, permissions };
}

function demandsOf(parts: Composition): Demand[] {
  const ranges = [...parts.table.ranges(), ...parts.withdrawal.ranges()];
  const tables = ranges.map(({ kind, start, size }): Demand => {
    return { role: kind, start, end: start + size, permissions: kind === 'stubs' ? 'r-x' : 'rw-' };
  });
  return [...regionDemands(parts), ...tables];
}
