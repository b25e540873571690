import { describe, expect, it } from 'vitest';
import type { Engine, EngineSnapshot, LedgerEntry } from '../../src/index.js';
import { parseProcessMap, readProcessMap } from '../../src/memory/process-map.js';
import { collectGarbage } from '../support/garbage.js';
import { engineFor, examined, linkages, pause } from '../support/engine.js';
import { bitcode, object } from '../support/toolchain.js';

const pageBytes = 4096;
const mebibyte = 2 ** 20;

/** Holds that every byte in use is in the ledger, once. */
function reconcile(snapshot: EngineSnapshot): void {
  const { entries, total } = snapshot.ledger;
  const { code, readonly, data, retired } = snapshot.memory;
  expect({ code: total.code, readonly: total.readonly, data: total.data }).toEqual({ code, readonly, data });
  const inBlocks = (entry: LedgerEntry) => entry.code + entry.readonly + entry.data;
  const held = entries.filter(({ holder }) => holder === 'retired');
  expect(held.reduce((bytes, entry) => bytes + inBlocks(entry), 0)).toBe(retired);
  expect(held.every(({ hold }) => hold !== null)).toBe(true);
  for (const entry of entries) expect(entry.unwind).toBeLessThanOrEqual(entry.readonly);
  const running = entries.filter(({ holder }) => holder === 'version' || holder === 'module');
  const relocations = entries.reduce((bytes, entry) => bytes + entry.relocations, 0);
  expect(relocations).toBe(total.relocations);
  if (held.length === 0) expect(total.relocations).toBe(snapshot.relocations.bytes);
  for (const { name, tier, version, codeBytes } of snapshot.modules) {
    const own = running.filter(({ module }) => module === name);
    expect(own.map(({ holder }) => holder)).toEqual(version === null ? ['module'] : ['module', 'version']);
    if (version !== null) expect(own[1]).toMatchObject({ tier, version, code: codeBytes, hold: null });
  }
}

const modules = {
  main: 'int step(int); extern volatile int go; static volatile int x; int main(void) { while (go) x = step(x); return x < 0; } int done(void) { return x; }',
  step: 'volatile int go = 1; void stop(void) { go = 0; } int step(int x) { return (x + 1) & 0xffffff; }',
  tables:
    'static int big[5000] = {1}; _Thread_local int mine = 3; const char *name(int n) { switch (n) { case 0: return "zero"; case 1: return "one"; case 2: return "two"; case 3: return "three"; default: return "many"; } } int *at(int n) { mine++; return &big[n]; }',
  pure: 'int twice(int x) { return 2 * x; }',
} as const;

async function engineWithAll(linkage: 'stub' | 'offset-table' | 'direct'): Promise<Engine> {
  const engine = engineFor({ linkage });
  for (const [name, text] of Object.entries(modules)) engine.addModule(name, bitcode(text));
  reconcile(engine.snapshot());
  engine.addModule(
    'fixed',
    object('static int n; extern int twice(int); int next(void) { return twice(++n); }'),
  );
  await engine.link();
  return engine;
}

describe.each(linkages)('the ledger with linkage %s', (linkage) => {
  it('has every byte in use once, whatever happens', async () => {
    const engine = await engineWithAll(linkage);
    reconcile(engine.snapshot());
    const running = engine.run();
    let held = 0;
    for (let round = 0; round < 40; round += 1) {
      const name = Object.keys(modules)[round % 4] ?? '';
      await engine.recompile(name, ['baseline', 'quick', 'optimized', 'peak'][(round >> 1) % 4] ?? '');
      reconcile(engine.snapshot());
      engine.move(name);
      reconcile(engine.snapshot());
      if (round % 7 === 0) engine.compact();
      if (round % 11 === 0)
        await engine.recompileGroup([
          { module: 'pure', tier: 'peak' },
          { module: 'step', tier: 'quick' },
        ]);
      const snapshot = engine.snapshot();
      reconcile(snapshot);
      held += snapshot.retired.length;
    }
    await expect(engine.recompile('pure', 'no such tier')).rejects.toThrow();
    expect(() => {
      engine.move('pure', 0x10n);
    }).toThrow();
    reconcile(engine.snapshot());
    expect(held).toBeGreaterThan(0);
    engine.fn('stop')();
    await running;
    engine.reclaim();
    const after = engine.snapshot();
    reconcile(after);
    expect(after.ledger.entries.filter(({ holder }) => holder === 'retired')).toEqual([]);
  });

  it('says of what no new call can reach which version it is, and why it is still there', async () => {
    const engine = await engineWithAll(linkage);
    const first = engine.snapshot().modules.find(({ name }) => name === 'main')?.version;
    const running = engine.run();
    while (engine.fn('done')() === 0) await pause(1);
    await engine.recompile('main', 'peak');
    const { ledger } = await examined(engine, 1);
    const held = ledger.entries.filter(({ holder }) => holder === 'retired');
    expect(held).toMatchObject([
      { module: 'main', tier: 'baseline', version: first, hold: 'referred', data: 0 },
    ]);
    expect(held[0]?.code).toBeGreaterThan(0);
    expect(held[0]?.relocations).toBeGreaterThan(0);
    engine.fn('stop')();
    await running;
  });
});

it('amounts are what the parts really take', async () => {
  const engine = await engineWithAll('stub');
  const { ledger, relocations } = engine.snapshot();
  const of = (module: string | null, holder: LedgerEntry['holder']) =>
    ledger.entries.find((entry) => entry.module === module && entry.holder === holder);
  // Variables: 5,000 integers, once, apart from all versions. An object's lie with its code.
  expect(of('tables', 'module')).toMatchObject({ data: 20_000, code: 0, unwind: 0, version: null });
  expect(of('tables', 'version')).toMatchObject({ data: 0, tier: 'baseline' });
  expect(of('pure', 'module')).toMatchObject({ code: 0, readonly: 0, data: 0 });
  expect(of('fixed', 'module')).toMatchObject({ code: 0, data: 0, bitcode: 0 });
  expect(of('fixed', 'version')).toMatchObject({ data: 4 });
  // Slots and counters are 8 bytes each in chunks of 512, stubs as well, cells of loops 16 bytes in chunks of 256; and the
  // handle that objects may refer to.
  const tables = of(null, 'tables');
  expect(tables).toMatchObject({ code: 4096, readonly: 0, relocations: 0, symbols: 0 });
  expect([12_288, 12_296]).toContain(tables?.data);
  for (const name of Object.keys(modules)) {
    expect(of(name, 'module')?.bitcode).toBeGreaterThan(1000);
    // A CIE and an FDE at least.
    expect(of(name, 'version')?.unwind).toBeGreaterThanOrEqual(48);
  }
  expect(ledger.total.relocations).toBe(relocations.bytes);
  expect(relocations.bytes).toBeGreaterThanOrEqual(8 * relocations.count);
});

it('what is resident of the engine is what the ledger says, to the page', async () => {
  const before = engineFor();
  const empty = before.audit().mappings.filter(({ role }) => role !== 'outside' && role !== 'v8-code');
  expect(empty.every(({ residentBytes }) => residentBytes === 0)).toBe(true);

  const engine = engineFor();
  // Written once and wholly: what was never touched takes no memory. Six hundred functions fill some pages of code.
  const functions = Array.from(
    { length: 600 },
    (_, n) => `int f${String(n)}(int x) { return x * ${String(n)} + g(x); }`,
  );
  engine.addModule('code', bitcode(`int g(int); ${functions.join(' ')}`));
  engine.addModule('g', bitcode('int g(int x) { return x; }'));
  engine.addModule(
    'data',
    object(
      '__asm__(".data; .globl filled; filled: .fill 3000000, 1, 0x5a; .section .rodata; .globl constant; constant: .fill 1000000, 1, 0x5a");',
    ),
  );
  await engine.link();
  const { memory, ledger, codeCache } = engine.snapshot();
  const pages = (bytes: number) => Math.ceil(bytes / pageBytes) * pageBytes;
  const resident = (role: string) =>
    engine
      .audit()
      .mappings.filter((mapping) => mapping.role === role)
      .reduce((bytes, { residentBytes }) => bytes + residentBytes, 0);
  // Nothing was given back yet, so blocks lie side by side from the start of their region, with holes for alignment only.
  expect(codeCache.span - memory.code).toBeLessThan(pageBytes);
  expect(resident('alias')).toBe(pages(codeCache.span) + pages(memory.readonly));
  expect(resident('data')).toBe(pages(ledger.total.data));
  // Pages of code come into the program's view when they run, and none that was never written.
  expect(engine.fn('f17')(2)).toBe(36);
  expect(resident('code')).toBeGreaterThan(0);
  expect(resident('code')).toBeLessThanOrEqual(pages(codeCache.span));
});

it('the growth of the process is what the ledger says, but for a tolerance, and is gone after dispose', async () => {
  const source = object(
    '__asm__(".data; .globl filled; filled: .fill 67108864, 1, 0x5a; .section .rodata; .globl constant; constant: .fill 33554432, 1, 0x5a");',
  );
  // V8 frees the memory of arrays on threads of its own, some time after the garbage was collected.
  const resident = async () => {
    let least = Infinity;
    for (let unchanged = 0; unchanged < 10; unchanged += 1) {
      collectGarbage();
      await pause(20);
      const { rss } = process.memoryUsage();
      if (rss < least - mebibyte) unchanged = 0;
      least = Math.min(least, rss);
    }
    return least;
  };
  const load = async (): Promise<Engine> => {
    const engine = engineFor();
    engine.addModule('large', source);
    await engine.link();
    return engine;
  };
  // What the first load of all takes for good (JIT code of V8, the heap's growth) is no part of the measurement.
  await (await load()).dispose();
  const before = await resident();
  const engine = await load();
  const during = await resident();
  const { total, mappings } = engine.snapshot().ledger;
  const said = total.code + total.readonly + total.data + total.relocations + total.symbols + total.bitcode;
  expect(said).toBeGreaterThan(96 * mebibyte);
  // 10 %: V8's heap and libc's grow and shrink by steps of their own.
  expect(Math.abs(during - before - said)).toBeLessThan(said / 10);
  expect(mappings).toBe(5);
  await engine.dispose();
  expect(Math.abs((await resident()) - before)).toBeLessThan(said / 10);
});

it('mappings of the engine are few, are in those of the process, and are gone after dispose', async () => {
  const views = () =>
    parseProcessMap(readProcessMap('maps')).filter(({ path }) => path.includes('memfd:tierlink'));
  const before = views();
  const engine = await engineWithAll('direct');
  const own = engine.audit().mappings.filter(({ role }) => role !== 'outside' && role !== 'v8-code');
  expect(engine.snapshot().ledger.mappings).toBe(own.length);
  expect(own.map(({ role }) => role).sort()).toEqual(['alias', 'code', 'data', 'guard', 'readonly']);
  // Code, constants, and the linker's view of both.
  expect(views()).toHaveLength(before.length + 3);
  await engine.dispose();
  expect(views()).toEqual(before);
});
