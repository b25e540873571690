/**
 * Proves I3 from the process's own map: no page is writable and executable, and what the engine owns has the
 * permissions that its role demands. The engine's word is taken for nothing but where its parts lie.
 */
import { present } from '../core/assert.js';
import { isWritableAndExecutable, type Mapping } from '../memory/process-map.js';

/**
 * What memory is for: `code` and `readonly` as the program sees them, `alias` (the same pages, for the linker to write
 * to), `data`, `guard` (the page behind it); parts of them: `stubs`, `slots`, `counters`, `loops` (cells that loops poll);
 * `v8-code`, where V8 puts what it compiles; `outside`.
 */
export type AuditRole =
  | 'code'
  | 'readonly'
  | 'alias'
  | 'data'
  | 'guard'
  | 'stubs'
  | 'slots'
  | 'counters'
  | 'loops'
  | 'v8-code'
  | 'outside';

/** A mapping of the process, or a part of one. */
export interface AuditedRange {
  /** Its first address. */
  readonly start: bigint;
  /** The address behind its last byte. */
  readonly end: bigint;
  /** `r`, `w`, `x` or `-` for each, then `p` (private) or `s` (shared); '' where nothing is mapped. */
  readonly permissions: string;
  readonly role: AuditRole;
}

/** A mapping of the process. */
export interface AuditedMapping extends AuditedRange {
  /** Bytes of it that are in memory now. */
  readonly residentBytes: number;
  /** Path of the mapped file, or what the kernel calls it; '' for anonymous memory. */
  readonly path: string;
}

/** Something that must not be. */
export interface AuditViolation extends AuditedRange {
  /**
   * `writable-and-executable`: some page is both; `permissions`: they are not what the role demands; `unmapped`:
   * memory of the engine is not mapped.
   */
  readonly kind: 'writable-and-executable' | 'permissions' | 'unmapped';
  /** The same in words. */
  readonly message: string;
}

/** What an audit found. */
export interface AuditReport {
  /** True if there are no violations. */
  readonly ok: boolean;
  readonly violations: readonly AuditViolation[];
  /** Every mapping of the process, in the order of addresses. */
  readonly mappings: readonly AuditedMapping[];
  /** What the engine's memory is used for and what it is mapped as: regions, aliases, and tables. */
  readonly parts: readonly AuditedRange[];
  /**
   * Pages that are writable and executable in V8's own code range: V8 maps them so, and nothing that is not V8's lies
   * there. They are no violations; `node --jitless` has none.
   */
  readonly v8Code: readonly AuditedMapping[];
}

/** A range of the engine's memory with the permissions that it must have. */
export interface Demand {
  readonly role: AuditRole;
  readonly start: number;
  readonly end: number;
  /** `r`, `w`, `x`: it must; `-`: it must not; `?`: it may. */
  readonly permissions: string;
}

/** What an audit looks for. */
export interface AuditSubject {
  /** The engine's ranges; the first one of role `code` is a view of the file that all aliases map, too. */
  readonly demands: readonly Demand[];
  /** Pairs of begin and end: where V8 may put its code. */
  readonly v8Code: readonly (readonly [start: number, end: number])[];
  /** True: all of the engine's code has a second mapping, through which it is written. */
  readonly isMappedTwice: boolean;
}

/**
 * The mappings that the kernel keeps for an engine: those of its regions, and further views of its file.
 *
 * @param mappings - The process's map.
 * @param demands - The engine's ranges, as in {@link AuditSubject}.
 * @returns Those that are the engine's.
 */
export function engineMappings(mappings: readonly Mapping[], demands: readonly Demand[]): Mapping[] {
  const file = fileOf(mappings, demands);
  return mappings.filter(
    (mapping) => (file !== '' && mapping.file === file) || roleOf(mapping, demands) !== undefined,
  );
}

/**
 * Compares a process's map with what an engine demands of it.
 *
 * @param mappings - The map, in the order of addresses.
 * @param subject - The engine's ranges, and V8's.
 * @returns What was found.
 */
export function auditMappings(
  mappings: readonly Mapping[],
  { demands, v8Code, isMappedTwice }: AuditSubject,
): AuditReport {
  // Other views of the engine's file are aliases, however they came about: all of them are found by this.
  const aliases = engineMappings(mappings, demands)
    .filter((mapping) => roleOf(mapping, demands) === undefined)
    .map(({ start, end }): Demand => ({ role: 'alias', start, end, permissions: 'rw-' }));
  const all = [...demands, ...aliases];
  const hosts = joined(v8Code);
  const audited = mappings.map((mapping) => {
    const inV8 = hosts.some(([start, end]) => start <= mapping.start && mapping.end <= end);
    return describe(mapping, roleOf(mapping, all) ?? (inV8 ? 'v8-code' : 'outside'));
  });
  const both = audited.filter(isWritableAndExecutable);
  const parts: AuditedRange[] = [];
  const violations = both
    .filter(({ role }) => role !== 'v8-code')
    .map(({ start, end, permissions, role }) =>
      violation('writable-and-executable', { start, end, permissions, role }, 'writable and executable'),
    );
  if (isMappedTwice && aliases.length === 0) {
    const { start, end } = present(codeOf(demands), 'the default memory manager has code');
    const range = { start: BigInt(start), end: BigInt(end), permissions: '', role: 'alias' } as const;
    violations.push(violation('unmapped', range, 'mapped nowhere for writing'));
  }
  for (const demand of all) {
    for (const part of covering(mappings, demand)) {
      parts.push(part);
      if (part.permissions === '') violations.push(violation('unmapped', part, 'not mapped'));
      else if (!meets(part.permissions, demand.permissions)) {
        const words = `mapped ${part.permissions} where ${demand.permissions} is demanded`;
        violations.push(violation('permissions', part, words));
      }
    }
  }
  const v8Pages = both.filter(({ role }) => role === 'v8-code');
  return { ok: violations.length === 0, violations, mappings: audited, parts, v8Code: v8Pages };
}

/** Ranges that touch as one: the kernel makes one mapping of those of two isolates that lie side by side. */
function joined(ranges: AuditSubject['v8Code']): AuditSubject['v8Code'] {
  const all: [start: number, end: number][] = [];
  for (const [start, end] of ranges.toSorted(([one], [other]) => one - other)) {
    const last = all.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else all.push([start, end]);
  }
  return all;
}

function codeOf(demands: readonly Demand[]): Demand | undefined {
  return demands.find(({ role }) => role === 'code');
}

/** The file that its code is a view of; '' if that is not mapped. */
function fileOf(mappings: readonly Mapping[], demands: readonly Demand[]): string {
  const code = codeOf(demands);
  if (code === undefined) return '';
  return mappings.find(({ start, end }) => start <= code.start && code.start < end)?.file ?? '';
}

/** The role of the first range that shares a byte with the mapping. */
function roleOf({ start, end }: Mapping, demands: readonly Demand[]): AuditRole | undefined {
  return demands.find((demand) => demand.start < end && start < demand.end)?.role;
}

/** Cuts a range by the mappings that it lies in; gaps are parts without permissions. */
function covering(mappings: readonly Mapping[], demand: Demand): AuditedRange[] {
  const parts: AuditedRange[] = [];
  const add = (from: number, to: number, permissions: string): void => {
    if (from < to) parts.push({ start: BigInt(from), end: BigInt(to), permissions, role: demand.role });
  };
  let at = demand.start;
  for (const { start, end, permissions } of mappings) {
    if (end <= at || start >= demand.end) continue;
    add(at, start, '');
    add(Math.max(at, start), Math.min(end, demand.end), permissions);
    at = Math.min(end, demand.end);
  }
  add(at, demand.end, '');
  return parts;
}

function meets(permissions: string, demanded: string): boolean {
  return Array.from(demanded).every((letter, index) => letter === '?' || letter === permissions[index]);
}

function describe(mapping: Mapping, role: AuditRole): AuditedMapping {
  const { start, end, permissions, residentBytes, path } = mapping;
  return { start: BigInt(start), end: BigInt(end), permissions, role, residentBytes, path };
}

function violation(kind: AuditViolation['kind'], range: AuditedRange, words: string): AuditViolation {
  const { start, end, role } = range;
  const place = `${start.toString(16)}-${end.toString(16)}`;
  return { ...range, kind, message: `${place} (${role}) is ${words}` };
}
