/** What profilers and timelines are told of compiled code. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { createMachine } from 'xstate';
import { present } from '../../src/core/assert.js';
import { address, versionId } from '../../src/core/ids.js';
import { ObservedVersions } from '../../src/engine/observed-versions.js';
import { SourceLines } from '../../src/engine/source-lines.js';
import { createEngine, mprotectMemory, Trace, watchLifecycle } from '../../src/index.js';
import type { PlacedCode } from '../../src/observe/placed-code.js';
import { baseline } from '../../tiers/recipes.js';
import { tierlink } from '../support/command.js';
import { engineFor } from '../support/engine.js';
import { bitcode, object, scratch } from '../support/toolchain.js';

const program =
  'static int n; int g(int x) { n += x; return n * 3; } int f(int x) { return g(x) + g(x + 1); }';

interface LoadRecord {
  readonly timestamp: bigint;
  readonly address: number;
  readonly index: number;
  readonly name: string;
  readonly code: Buffer;
  /** Of its source, by address; none without debug info. */
  readonly lines: readonly { readonly address: number; readonly line: number; readonly file: string }[];
}

/** Reads a jitdump as perf does. */
function readDump(path: string): { readonly records: LoadRecord[]; readonly isClosed: boolean } {
  const bytes = readFileSync(path);
  expect(bytes.readUInt32LE(0)).toBe(0x4a695444);
  expect(bytes.readUInt32LE(4)).toBe(1);
  expect(bytes.readUInt32LE(12)).toBe(62);
  expect(bytes.readUInt32LE(20)).toBe(process.pid);
  const records: LoadRecord[] = [];
  let isClosed = false;
  let at = bytes.readUInt32LE(8);
  let lines: LoadRecord['lines'] = [];
  while (at < bytes.length) {
    expect(isClosed).toBe(false);
    const kind = bytes.readUInt32LE(at);
    const size = bytes.readUInt32LE(at + 4);
    if (kind === 3) isClosed = true;
    else if (kind === 2) {
      let entry = at + 32;
      lines = Array.from({ length: Number(bytes.readBigUInt64LE(at + 24)) }, () => {
        const end = bytes.indexOf(0, entry + 16);
        const line = {
          address: Number(bytes.readBigUInt64LE(entry)),
          line: bytes.readUInt32LE(entry + 8),
          file: bytes.toString('utf8', entry + 16, end),
        };
        entry = end + 1;
        return line;
      });
      expect(entry).toBe(at + size);
    } else {
      expect(kind).toBe(0);
      const end = bytes.indexOf(0, at + 56);
      const codeBytes = Number(bytes.readBigUInt64LE(at + 40));
      expect(bytes.readBigUInt64LE(at + 24)).toBe(bytes.readBigUInt64LE(at + 32));
      expect(end + 1 + codeBytes).toBe(at + size);
      records.push({
        timestamp: bytes.readBigUInt64LE(at + 8),
        address: Number(bytes.readBigUInt64LE(at + 32)),
        index: Number(bytes.readBigUInt64LE(at + 48)),
        name: bytes.toString('utf8', at + 56, end),
        code: bytes.subarray(end + 1, at + size),
        lines,
      });
      lines = [];
    }
    at += size;
  }
  return { records, isClosed };
}

describe("perf's files", () => {
  it('name each function where it came to lie, with its bytes, in the order of time', async () => {
    const folder = scratch();
    const map = `/tmp/perf-${String(process.pid)}.map`;
    rmSync(map, { force: true });
    onTestFinished(() => {
      rmSync(map, { force: true });
    });
    const engine = createEngine({
      control: 'inline',
      unit: 'module',
      policy: 'never',
      observe: { jitDump: folder, perfMap: true },
    });
    const before = process.hrtime.bigint();
    engine.addModule('m', bitcode(program));
    await engine.link();
    expect(engine.fn('f')(2)).toBe(2 * 3 + 5 * 3);
    await engine.recompile('m', 'peak');
    const code = present(engine.snapshot().modules[0]?.codeAddress, 'linked');
    engine.move('m', code + 65_536n);
    await engine.dispose();

    const { records, isClosed } = readDump(join(folder, `jit-${String(process.pid)}.dump`));
    expect(isClosed).toBe(true);
    expect(records.map(({ name }) => name)).toEqual([
      'g [baseline]',
      'f [baseline]',
      'g [peak]',
      'f [peak]',
      'g [peak]',
      'f [peak]',
    ]);
    expect(records.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    const times = [before, ...records.map(({ timestamp }) => timestamp), process.hrtime.bigint()];
    expect(times).toEqual([...times].sort((one, other) => Number(one - other)));
    // Moved: other addresses, and the same code but for what refers to places.
    expect(records[4]?.address).toBe(Number(code) + 65_536);
    expect(records[4]?.code.length).toBe(records[2]?.code.length);
    expect(records[4]?.code.subarray(0, 4)).toEqual(records[2]?.code.subarray(0, 4));
    for (const { code: bytes } of records) expect(bytes.some((byte) => byte !== 0)).toBe(true);

    const lines = readFileSync(map, 'utf8').trim().split('\n');
    const shown = ({ address: at, code: bytes, name }: LoadRecord): string =>
      `${at.toString(16)} ${bytes.length.toString(16)} ${name}`;
    expect(lines).toEqual(records.map(shown));
  });

  it('have the source lines of functions with debug info, before their code', async () => {
    const folder = scratch();
    const engine = engineFor({ unit: 'module', policy: 'never', observe: { jitDump: folder } });
    engine.addModule('m', bitcode('int f(int x) {\n  x += 7;\n  return x / 3;\n}\nint g;', ['-g']));
    engine.addModule('n', bitcode('int h(int x) { return x; }'));
    await engine.link();
    await engine.dispose();
    const { records } = readDump(join(folder, `jit-${String(process.pid)}.dump`));
    const [f, h] = records;
    expect(f?.name).toBe('f [baseline]');
    expect(new Set(f?.lines.map(({ line }) => line))).toEqual(new Set([1, 2, 3]));
    for (const { address: at, file } of f?.lines ?? []) {
      expect(at).toBeGreaterThanOrEqual(f?.address ?? Infinity);
      expect(at).toBeLessThan((f?.address ?? 0) + (f?.code.length ?? 0));
      expect(file).toMatch(/input\.c$/);
    }
    expect(h).toMatchObject({ name: 'h [baseline]', lines: [] });
  });

  it('are written for code with one mapping, too, and from a control thread', async () => {
    for (const more of [
      { control: 'inline', parts: { memoryManager: mprotectMemory() } } as const,
      { control: 'worker' } as const,
    ]) {
      const folder = scratch();
      const engine = createEngine({ ...more, observe: { jitDump: folder } });
      engine.addModule('m', bitcode(program));
      await engine.link();
      expect(engine.fn('f')(2)).toBe(21);
      await engine.dispose();
      const names = readDump(join(folder, `jit-${String(process.pid)}.dump`)).records.map(({ name }) => name);
      expect(new Set(names)).toEqual(new Set(['f [baseline]', 'g [baseline]']));
    }
  });

  it('that can not be written are an option that can not be had', () => {
    expect(() => createEngine({ control: 'inline', observe: { jitDump: '/nowhere/at/all' } })).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining('jitDump') as string,
      }),
    );
  });

  it('never stop the engine: what an observer throws is a warning', () => {
    const warnings: string[] = [];
    const told: PlacedCode[] = [];
    const failing = {
      placed: (): void => {
        throw new Error('no space');
      },
      freed: (): void => undefined,
      close: (): void => undefined,
    };
    const listening = { ...failing, placed: (code: PlacedCode): void => void told.push(code) };
    const lines = new SourceLines({ sourceLines: () => ({ files: [], functions: [] }) });
    const versions = new ObservedVersions([failing, listening], lines, (name, event) => {
      if (name === 'warning' && 'message' in event) warnings.push(event.message);
    });
    const start = address(0x1000);
    const bytes = new Uint8Array(64);
    const section = { address: start, bytes };
    versions.add(start, 64, {
      id: versionId(1),
      module: 'm',
      tier: baseline,
      reason: '',
      blocks: [{ ...section, region: 'code', id: 1, module: 'm', size: 64, section }],
      codeBytes: 64,
      relocations: { count: 0, bytes: 0 },
      compileMs: 0,
      linkUs: 0,
      atMs: 0,
      // Two names for one place, and one that lies elsewhere.
      entries: new Map([
        ['late', address(0x1020)],
        ['early', start],
        ['other', start],
        ['elsewhere', address(0x9000)],
      ]),
      coldParts: new Map([['early', address(0x1030)]]),
      linesOf: undefined,
      frames: undefined,
    });
    expect(warnings).toEqual(['an observer of code failed: no space']);
    expect(told[0]?.functions).toEqual([
      { name: 'early', address: 0x1000, bytes: 32 },
      { name: 'other', address: 0x1000, bytes: 32 },
      { name: 'late', address: 0x1020, bytes: 16 },
      { name: 'early.cold', address: 0x1030, bytes: 16 },
    ]);
    expect(versions.find(address(0x1030))?.module).toBe('m');
  });
});

interface TraceLine {
  readonly ph: string;
  readonly name: string;
  readonly cat: string;
  readonly ts: number;
  readonly dur?: number;
  readonly id?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

const readTrace = (path: string): TraceLine[] => JSON.parse(readFileSync(path, 'utf8')) as TraceLine[];

describe('a timeline', () => {
  it('has each compile, link and publish, and what came before and after', async () => {
    const path = join(scratch(), 'trace.json');
    const engine = engineFor();
    let clock = 0;
    const trace = new Trace(engine, { path, atMs: () => (clock += 1) });
    engine.addModule('m', bitcode(program));
    await engine.link();
    await engine.recompile('m', 'optimized');
    await engine.replaceModule('m', bitcode('int f(int x) { return x; } int k;'));
    await engine.removeModule('m');
    engine.reclaim();
    trace.end();
    await engine.dispose();

    const lines = readTrace(path);
    const named = (phase: string): string[] =>
      lines.filter(({ ph }) => ph === phase).map(({ cat, name }) => `${cat}: ${name}`);
    expect(named('X')).toEqual([
      'link: m [baseline]',
      'publish: m [baseline]',
      'link: m [optimized]',
      'publish: m [optimized]',
      'link: m [baseline]',
      'publish: m [baseline]',
    ]);
    expect(named('b')).toEqual(['compile: m [baseline]', 'compile: m [optimized]', 'compile: m [baseline]']);
    expect(named('i')).toEqual(
      expect.arrayContaining([
        'program: added m',
        'program: replaced m',
        'program: removed m',
        'reclaim: reclaimed',
      ]),
    );
    const begun = lines.filter(({ ph }) => ph === 'b');
    for (const { id, ts, args } of begun) {
      const end = present(
        lines.find((line) => line.ph === 'e' && line.id === id),
        'each has an end',
      );
      expect(end.ts).toBeGreaterThan(ts);
      expect(args?.['codeBytes']).toBeGreaterThan(0);
    }
  });

  it('of a whole program is written by the command, with samples by tier', () => {
    const path = join(scratch(), 'trace.json');
    const script = 'local s = 0 for i = 1, 3e6 do s = s + i % 7 end print(s)';
    const modules = [...inject('luaModules')];
    const ended = tierlink(['run', '--no-cache', '--trace', path, ...modules, '--', '-e', script]);
    expect(ended).toMatchObject({ status: 0, stdout: '8999997\n' });
    const lines = readTrace(path);
    const samples = lines.filter(({ ph }) => ph === 'C').map(({ args }) => Number(args?.['baseline'] ?? 0));
    expect(samples.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    expect(lines.filter(({ ph }) => ph === 'b').length).toBeGreaterThan(50);
  });

  it('can be written where its folder is, and nowhere else', () => {
    expect(() => new Trace(engineFor(), { path: '/nowhere/at/all.json', atMs: () => 0 })).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining('ENOENT') as string,
      }),
    );
  });
});

describe.each(['inline', 'worker'] as const)("xstate's inspector, control %s", (control) => {
  it('is told of each unit with its machine, and of each step', async () => {
    const seen: StatelyInspectionEvent[] = [];
    const inspector = createInspector({ send: (event) => seen.push(event) });
    const engine = engineFor({ control, unit: 'module', policy: 'never' });
    const end = watchLifecycle(engine, inspector);
    engine.addModule('m', bitcode(program));
    await engine.link();
    await engine.recompile('m', 'peak');
    await expect(engine.recompile('m', 'none')).rejects.toThrow();
    await engine.removeModule('m');
    await vi.waitFor(() => {
      expect(seen.at(-1)).toMatchObject({ snapshot: { value: 'removed', status: 'done' } });
    });
    end();
    engine.addModule('n', bitcode('int n(void) { return 1; }'));
    await engine.link();

    const [first] = seen;
    expect(first).toMatchObject({ type: '@xstate.actor', name: 'm', snapshot: { value: 'declared' } });
    const { definition } = first as { definition: string };
    const machine = createMachine(JSON.parse(definition) as object);
    expect(Object.keys(machine.states)).toEqual(
      expect.arrayContaining(['declared', 'compiling', 'executable', 'promoting', 'removed']),
    );
    expect(new Set(seen.map(({ sessionId, type }) => (type === '@xstate.actor' ? sessionId : 'm')))).toEqual(
      new Set(['m']),
    );
    const steps = seen.flatMap((event) =>
      event.type === '@xstate.snapshot'
        ? [[event.event.type, (event.snapshot as { value?: string }).value]]
        : [],
    );
    expect(steps).toEqual([
      ['request', 'compiling'],
      ['published', 'executable'],
      ['included', 'executable'],
      ['request', 'promoting'],
      ['published', 'executable'],
      ['included', 'executable'],
      ['remove', 'removed'],
    ]);
  });
});

describe('a disassembly', () => {
  const text = `extern int other(int);
int f(int x) {
  if (x > 3)
    return other(x);
  return x * 7;
}
int g(int x) { return f(x) + 1; }`;

  it('shows a function at each tier, with symbols and source lines, and touches nothing', async () => {
    const folder = scratch();
    const source = join(folder, 'source.c');
    writeFileSync(source, text);
    for (const unit of ['function', 'module'] as const) {
      const engine = engineFor({ unit });
      engine.addModule('m', bitcode(`#line 1 "${source}"\n${text}`, ['-g']));
      engine.addModule('n', bitcode('int other(int x) { return x; }'));
      const [lowest, peak] = await Promise.all([
        engine.disassemble('f', 'baseline'),
        engine.disassemble('f', 'peak'),
      ]);
      expect(lowest).toMatchObject({ module: 'm', function: 'f', tier: 'baseline' });
      expect(peak.instructions.length).toBeLessThan(lowest.instructions.length);
      for (const { instructions } of [lowest, peak]) {
        let at = 0;
        for (const { offset, bytes, text: words } of instructions) {
          expect(offset).toBe(at);
          expect(bytes.length).toBeGreaterThan(0);
          expect(words).not.toBe('(bad)');
          at += bytes.length;
        }
        const call = instructions.find(({ symbol }) => symbol === 'other');
        expect(call).toMatchObject({
          line: 4,
          file: source,
          text: expect.stringMatching(/^(call|jmp)/) as string,
        });
        for (const { line } of instructions) expect([0, 2, 3, 4, 5, 6]).toContain(line);
      }
      expect(lowest.instructions.at(-1)?.text).toBe('ret');
      // Neither linked nor compiled because of it.
      expect(engine.snapshot().versionsByTier).toEqual({});
      await engine.link();
      expect(engine.fn('g')(2)).toBe(15);
      expect((await engine.disassemble('g', 'optimized')).instructions.length).toBeGreaterThan(0);
      expect(engine.fn('g')(5)).toBe(6);
    }
  });

  it('finds a static function by its own name, unless there are several', async () => {
    const engine = engineFor();
    const own = 'static __attribute__((noinline)) int own(int x) { return x * 3; }';
    engine.addModule('m', bitcode(`${own} int f(int x) { return own(x); }`));
    const { module, instructions } = await engine.disassemble('own', 'peak');
    expect(module).toBe('m');
    expect(instructions.at(-1)?.text).toBe('ret');
    engine.addModule('n', bitcode(`${own} int g(int x) { return own(x); }`));
    await expect(engine.disassemble('own', 'peak')).rejects.toMatchObject({
      code: 'SYMBOL_UNKNOWN',
      message: expect.stringMatching(/name one of own\.m\d+, own\.m\d+/) as string,
    });
  });

  it('is refused for what there is not', async () => {
    const engine = engineFor();
    engine.addModule('m', bitcode(text));
    engine.addModule('o', object('int h(void) { return 1; }'));
    await expect(engine.disassemble('nobody', 'peak')).rejects.toMatchObject({ code: 'SYMBOL_UNKNOWN' });
    await expect(engine.disassemble('f', 'summit')).rejects.toMatchObject({ code: 'TIER_UNKNOWN' });
    await expect(engine.disassemble('h', 'peak')).rejects.toMatchObject({ code: 'UNIT_PINNED' });
  });

  it('is printed by the command', () => {
    const folder = scratch();
    const source = join(folder, 'source.c');
    writeFileSync(source, text);
    const module = join(folder, 'm.bc');
    writeFileSync(module, bitcode(`#line 1 "${source}"\n${text}`, ['-g']));
    const { status, stdout } = tierlink(['disasm', 'f', module, '--tier', 'optimized']);
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^f at optimized, module .*m\.bc: \d+ instructions, \d+ bytes$/);
    expect(lines).toContain('; source.c:4  return other(x);');
    expect(stdout).toMatch(/^ +[0-9a-f]+ {2}[0-9a-f]+ +(jmp|call) .*; other$/m);
    expect(tierlink(['disasm', 'nobody', module])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('SYMBOL_UNKNOWN') as string,
    });
  });
});
