import { describe, expect, it } from 'vitest';
import { auditMappings, type Demand } from '../../../src/engine/audit.js';
import type { Mapping } from '../../../src/memory/process-map.js';

const map = (start: number, end: number, permissions: string, file = ''): Mapping => ({
  start,
  end,
  permissions,
  file,
  path: file,
  residentBytes: 0,
});
const demands: readonly Demand[] = [
  { role: 'code', start: 0x1000, end: 0x3000, permissions: 'r-x' },
  { role: 'readonly', start: 0x3000, end: 0x4000, permissions: 'r--' },
  { role: 'data', start: 0x4000, end: 0x6000, permissions: '??-' },
  { role: 'stubs', start: 0x1000, end: 0x2000, permissions: 'r-x' },
  { role: 'slots', start: 0x4000, end: 0x5000, permissions: 'rw-' },
];
const good: readonly Mapping[] = [
  map(0x1000, 0x3000, 'r-xs', 'memory'),
  map(0x3000, 0x4000, 'r--s', 'memory'),
  map(0x4000, 0x6000, 'rw-p'),
  map(0x8000, 0xb000, 'rw-s', 'memory'),
  map(0xc000, 0xd000, 'rw-p'),
];

/** Audits with one mapping in the place of those that it overlaps. */
function withOne(odd: Mapping, v8Code: readonly (readonly [number, number])[] = []) {
  const rest = good.flatMap((one) => {
    if (one.end <= odd.start || odd.end <= one.start) return [one];
    return [
      { ...one, end: Math.max(one.start, odd.start) },
      { ...one, start: Math.min(one.end, odd.end) },
    ].filter(({ start, end }) => start < end);
  });
  const mappings = [...rest, odd].sort((one, other) => one.start - other.start);
  return auditMappings(mappings, { demands, v8Code, isMappedTwice: true });
}

describe('an audit', () => {
  it('finds nothing where all is as it should be, and names every role', () => {
    const report = auditMappings(good, { demands, v8Code: [], isMappedTwice: true });
    expect(report).toMatchObject({ ok: true, violations: [], v8Code: [] });
    expect(report.mappings.map(({ role }) => role)).toEqual(['code', 'readonly', 'data', 'alias', 'outside']);
    expect(report.parts.map(({ role, permissions }) => `${role} ${permissions}`)).toEqual([
      'code r-xs',
      'readonly r--s',
      'data rw-p',
      'stubs r-xs',
      'slots rw-p',
      'alias rw-s',
    ]);
  });

  it.each([
    ['a page of code that can be written', map(0x2000, 0x3000, 'rwxs', 'memory'), ['code']],
    ['stubs that can be written', map(0x1000, 0x2000, 'rwxs', 'memory'), ['code', 'stubs']],
    ['code that cannot run', map(0x2000, 0x3000, 'r--s', 'memory'), ['code']],
    ['constants that can be written', map(0x3000, 0x4000, 'rw-s', 'memory'), ['readonly']],
    ['variables that can run', map(0x5000, 0x6000, 'r-xp'), ['data']],
    ['slots that cannot be written', map(0x4000, 0x5000, 'r--p'), ['slots']],
    ['an alias that can run', map(0x9000, 0xa000, 'r-xs', 'memory'), ['alias']],
  ])('reports %s', (_, odd, roles) => {
    const { ok, violations } = withOne(odd);
    expect(ok).toBe(false);
    const wrong = violations.filter(({ kind }) => kind === 'permissions');
    expect(wrong.map(({ role }) => role)).toEqual(roles);
    expect(wrong[0]).toMatchObject({
      start: BigInt(odd.start),
      end: BigInt(odd.end),
      permissions: odd.permissions,
    });
  });

  it('finds further views of the code by the file, wherever they are', () => {
    const { violations } = withOne(map(0xe000, 0xf000, 'r-xs', 'memory'));
    expect(violations).toMatchObject([{ kind: 'permissions', role: 'alias', start: 0xe000n }]);
  });

  it('reports memory of the engine that is not mapped', () => {
    const gone = good.filter(({ start }) => start !== 0x3000);
    expect(auditMappings(gone, { demands, v8Code: [], isMappedTwice: true }).violations).toMatchObject([
      { kind: 'unmapped', role: 'readonly', start: 0x3000n, end: 0x4000n },
    ]);
    const noAlias = good.filter(({ start }) => start !== 0x8000);
    expect(auditMappings(noAlias, { demands, v8Code: [], isMappedTwice: true }).violations).toMatchObject([
      { kind: 'unmapped', role: 'alias' },
    ]);
  });

  it('excuses a page that is writable and executable only if V8 owns all of it', () => {
    const page = map(0xe000, 0xf000, 'rwxp');
    const outside = withOne(page);
    expect(outside.violations).toMatchObject([{ kind: 'writable-and-executable', role: 'outside' }]);
    expect(outside.violations[0]?.message).toBe('e000-f000 (outside) is writable and executable');
    const inside = withOne(page, [[0xd000, 0xf000]]);
    expect(inside).toMatchObject({ ok: true, v8Code: [{ start: 0xe000n, role: 'v8-code' }] });
    expect(withOne(page, [[0xd000, 0xe800]]).ok).toBe(false);
    // The kernel joins the mappings of two isolates whose ranges touch.
    const joined = map(0xe000, 0x12000, 'rwxp');
    const ranges = [[0x10000, 0x12000] as const, [0xd000, 0x10000] as const];
    expect(withOne(joined, ranges)).toMatchObject({ ok: true, v8Code: [{ end: 0x12000n, role: 'v8-code' }] });
    const apart = [[0x11000, 0x12000] as const, [0xd000, 0x10000] as const];
    expect(withOne(joined, apart).violations).toMatchObject([{ role: 'outside' }]);
  });
});
