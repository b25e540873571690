import { describe, expect, it } from 'vitest';
import { dualMappedMemory, type Engine, type EngineOptions, FaultInjectingMemory } from '../../src/index.js';
import { engineFor, examined, linkages, pause } from '../support/engine.js';
import { bitcode, object } from '../support/toolchain.js';

/** Modules that call each other, with a jump table, a string, a static and function pointers. */
async function calling(options: EngineOptions): Promise<Engine> {
  const engine = engineFor(options);
  engine.addModule(
    'a',
    bitcode(`
      int g(int); static int calls; void *where(void);
      int f(int x) { calls++; return g(x) + calls; }
      void *pointer(int n) { return n ? (void *)f : (void *)where; }
      void *where(void) { return (void *)pointer; }`),
  );
  engine.addModule(
    'b',
    bitcode(`
      #include <string.h>
      int h(int);
      int g(int x) {
        switch (x & 7) { case 0: return h(1); case 1: return 12; case 2: return h(x); case 3: return 4;
          case 4: return (int)strlen("seven b"); case 5: return 9; case 6: return -1; default: return 77; } }`),
  );
  engine.addModule('c', bitcode('static int seen; int h(int x) { return x * 2 + ++seen; }'));
  await engine.link();
  return engine;
}

const addressOf = (engine: Engine, module: string): bigint =>
  engine.snapshot().modules.find(({ name }) => name === module)?.codeAddress ?? 0n;

describe.each(linkages)('moving with linkage %s', (linkage) => {
  it('I1: changes no address and no result, at any tier', async () => {
    const engine = await calling({ linkage });
    const model = await calling({ linkage });
    const pointers = () => [engine.fn('pointer')(0), engine.fn('pointer')(1), engine.fn('where')()];
    const before = pointers();
    const moved: bigint[] = [];
    engine.on('moved', ({ from, to }) => moved.push(from, to));
    for (const tier of ['baseline', 'quick', 'optimized', 'peak']) {
      for (const module of ['a', 'b', 'c']) {
        await engine.recompile(module, tier);
        const from = addressOf(engine, module);
        engine.move(module);
        expect(addressOf(engine, module)).not.toBe(from);
        for (let x = 0; x < 8; x += 1) expect(engine.fn('f')(x)).toBe(model.fn('f')(x));
        expect(pointers()).toEqual(before);
      }
    }
    expect(moved).toHaveLength(24);
    expect(engine.snapshot().retired).toEqual([]);
  });

  it('moves C++ that throws and catches: what its unwind table refers to is no variable', async () => {
    const engine = engineFor({ linkage });
    const text = `
      struct Mine { int n; };
      extern "C" void thrower(int n);
      extern "C" int go(int n) {
        try { thrower(n); } catch (const Mine &mine) { return mine.n; } catch (long) { return -1; }
        return 0; }`;
    engine.addModule('a', bitcode(text, ['-x', 'c++']));
    const thrower =
      'struct Mine { int n; }; extern "C" void thrower(int n) { if (n < 0) throw 1L; throw Mine{n}; }';
    engine.addModule('b', bitcode(thrower, ['-x', 'c++']));
    await engine.link();
    for (const tier of ['baseline', 'peak']) {
      for (const module of ['a', 'b']) {
        await engine.recompile(module, tier);
        const from = addressOf(engine, module);
        engine.move(module);
        expect(addressOf(engine, module)).not.toBe(from);
        expect([engine.fn('go')(5), engine.fn('go')(-5)]).toEqual([5, -1]);
      }
    }
  });

  it('puts code where it is told, or says that the place is taken and moves nothing', async () => {
    const engine = await calling({ linkage });
    const { start } = engine.snapshot().codeCache;
    engine.move('b', start + 0x40_0000n);
    expect(addressOf(engine, 'b')).toBe(start + 0x40_0000n);
    const before = engine.snapshot();
    expect(() => {
      engine.move('a', start + 0x40_0000n);
    }).toThrow(expect.objectContaining({ code: 'MEMORY_EXHAUSTED' }));
    expect(() => {
      engine.move('a', 0x10n);
    }).toThrow(expect.objectContaining({ code: 'MEMORY_EXHAUSTED' }));
    expect(engine.snapshot().memory).toEqual(before.memory);
    expect(addressOf(engine, 'a')).toBe(before.modules[0]?.codeAddress);
    expect(engine.fn('f')(1)).toBe(13);
  });

  it('compact moves code into the holes before it, and the freed end is free again', async () => {
    const engine = await calling({ linkage });
    const { start } = engine.snapshot().codeCache;
    for (const [index, module] of ['a', 'b', 'c'].entries()) {
      engine.move(module, start + BigInt(0x10_0000 * (index + 1)));
    }
    const { spanBefore, spanAfter, moved } = engine.compact();
    expect(spanBefore).toBeGreaterThan(0x30_0000);
    expect(spanAfter).toBeLessThan(0x1_0000);
    expect(moved).toBeGreaterThanOrEqual(3);
    expect(engine.compact().moved).toBe(0);
    expect(engine.fn('f')(1)).toBe(13);
  });

  it('compact that fails half-way frees what was moved before', async () => {
    let left = Infinity;
    const memoryManager = new FaultInjectingMemory(
      dualMappedMemory(),
      (point) => point === 'finalize' && left-- <= 0,
    );
    const engine = await calling({ linkage, parts: { memoryManager } });
    const { start } = engine.snapshot().codeCache;
    for (const [index, module] of ['a', 'b', 'c'].entries()) {
      engine.move(module, start + BigInt(0x10_0000 * (index + 1)));
    }
    const { code, readonly } = engine.snapshot().memory;
    const moved: string[] = [];
    engine.on('moved', ({ module }) => moved.push(module));
    left = 1;
    expect(() => engine.compact()).toThrow(expect.objectContaining({ code: 'MEMORY_MANAGER_INVALID' }));
    left = Infinity;
    expect(moved).toHaveLength(1);
    expect(engine.snapshot().retired).toEqual([]);
    expect(engine.snapshot().memory).toMatchObject({ code, readonly });
    expect(engine.compact().moved).toBeGreaterThanOrEqual(2);
    expect(engine.fn('f')(1)).toBe(13);
  });

  it('relayout puts units side by side from a page boundary on', async () => {
    const engine = await calling({ linkage });
    const { start, bytes } = engine.relayout(['c', 'a']);
    expect(start % 4096n).toBe(0n);
    expect(addressOf(engine, 'c')).toBe(start);
    expect(addressOf(engine, 'a') - start).toBeGreaterThan(0n);
    expect(addressOf(engine, 'a')).toBeLessThan(start + BigInt(bytes));
    expect(engine.fn('f')(1)).toBe(13);
  });

  it('I5: a loop in the old copy goes on in it, its calls reach the new one', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'main',
      bitcode(
        'int step(int); extern volatile int go; static volatile int rounds; int done(void) { return rounds; } int main(void) { int x = 0; while (go) { x = step(x); rounds = x; } return x == 0; }',
      ),
    );
    engine.addModule(
      'step',
      bitcode(
        'volatile int go = 1; void stop(void) { go = 0; } int step(int x) { return (x + 1) & 0xffffff; }',
      ),
    );
    await engine.link();
    const running = engine.run();
    await pause(5);
    const { start } = engine.snapshot().codeCache;
    for (let round = 0; round < 300; round += 1) {
      engine.move(
        round % 3 === 0 ? 'main' : 'step',
        start + 0x10_0000n + BigInt((round * 7919) % 4096) * 512n,
      );
      if (round % 10 === 0) await pause(1);
    }
    const { retired } = await examined(engine, 1);
    // Only the copy that main runs in.
    expect(retired.map(({ hold }) => hold)).toEqual(['referred']);
    const before = engine.fn('done')();
    await pause(20);
    expect(engine.fn('done')()).not.toBe(before);
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    expect(engine.snapshot().retired).toEqual([]);
  });
});

it('an object file is refused by name', async () => {
  const engine = engineFor();
  engine.addModule('fixed', object('int f(void) { return 1; }'));
  await engine.link();
  expect(() => {
    engine.move('fixed');
  }).toThrow(expect.objectContaining({ code: 'UNIT_IMMOVABLE' }));
});

describe('discarded relocations', () => {
  const discarded = (operation: string) =>
    expect.objectContaining({
      code: 'RELOCATIONS_DISCARDED',
      details: { module: 'a', operation },
    }) as unknown;

  it('take no memory; code is still replaced and reclaimed, but nothing moves', async () => {
    const engine = await calling({ relocations: 'discard' });
    expect(engine.snapshot().relocations).toEqual({ count: 0, bytes: 0 });
    const seen = [engine.fn('f')(1)];
    const before = addressOf(engine, 'a');
    expect(() => {
      engine.move('a');
    }).toThrow(discarded('moving'));
    expect(() => engine.relayout(['a', 'b'])).toThrow(discarded('moving'));
    expect(() => engine.compact()).toThrow(discarded('compacting'));
    expect(addressOf(engine, 'a')).toBe(before);
    for (const tier of ['quick', 'peak', 'baseline']) {
      for (const module of ['a', 'b', 'c']) await engine.recompile(module, tier);
      seen.push(engine.fn('f')(1));
    }
    expect(seen).toEqual([13, 14, 15, 16]);
    expect(engine.snapshot().retired).toEqual([]);
    expect(engine.snapshot().relocations).toEqual({ count: 0, bytes: 0 });
  });

  it('and linkage direct exclude each other', () => {
    const refused = expect.objectContaining({ code: 'OPTION_INVALID' }) as unknown;
    expect(() => engineFor({ relocations: 'discard', linkage: 'direct' })).toThrow(refused);
    const engine = engineFor({ relocations: 'discard' });
    expect(() => {
      engine.addModule('a', bitcode('int f(void) { return 1; }'), { linkage: 'direct' });
    }).toThrow(refused);
  });

  it('a full code cache is reclaimed but not compacted', async () => {
    const engine = await calling({ relocations: 'discard', codeCache: { maxBytes: 8192 } });
    for (let round = 0; round < 40; round += 1) await engine.recompile('b', 'baseline');
    const body = Array.from(
      { length: 200 },
      (_, n) => `int big${String(n)}(int x) { return x + ${String(n)}; }`,
    );
    engine.addModule('big', bitcode(body.join(' ')));
    await expect(engine.link()).rejects.toMatchObject({ code: 'CODE_CACHE_FULL' });
    expect(engine.fn('f')(1)).toBe(13);
  });
});

describe('the code cache', () => {
  const many = (n: number): string =>
    Array.from(
      { length: 40 },
      (_, k) => `int f${String(n)}_${String(k)}(int x) { return x * ${String(k + 3)} + ${String(n)}; }`,
    ).join(' ');

  it('is reclaimed and compacted before a compile is refused, and refusing leaves what runs untouched', async () => {
    const engine = engineFor({ codeCache: { maxBytes: 20_000 } });
    engine.addModule('m0', bitcode(many(0)));
    engine.addModule('m1', bitcode(many(1)));
    await engine.link();
    // Each publish needs room for both versions at once; the old one has to be given back every time.
    for (let round = 0; round < 30; round += 1) await engine.recompile(`m${String(round % 2)}`, 'baseline');
    const used = engine.snapshot().memory.code;
    expect(used).toBeLessThan(20_000);
    engine.addModule('huge', bitcode(Array.from({ length: 10 }, (_, n) => many(100 + n)).join(' ')));
    const before = engine.snapshot();
    await expect(engine.link()).rejects.toMatchObject({
      code: 'CODE_CACHE_FULL',
      details: { module: 'huge', limit: 20_000 },
    });
    expect(engine.snapshot().memory).toEqual(before.memory);
    expect(engine.fn('f0_5')(2)).toBe(16);
    expect(engine.fn('f1_5')(2)).toBe(17);
  });

  it('is compacted when there is room, but in no one place', async () => {
    const engine = engineFor({ memory: { codeBytes: 65_536 } });
    for (let n = 0; n < 10; n += 1) engine.addModule(`m${String(n)}`, bitcode(many(n)));
    await engine.link();
    const { start, capacity } = engine.snapshot().codeCache;
    // Spread the modules so that no gap between two of them holds the next one.
    const size = engine.snapshot().modules[0]?.codeBytes ?? 0;
    for (let n = 9; n >= 0; n -= 1) {
      const at = start + BigInt(Math.floor((capacity - 10_000) / 10) * n + 7000);
      engine.move(`m${String(n)}`, at - (at % 64n));
    }
    engine.addModule('next', bitcode(`${many(20)} ${many(21)} ${many(22)}`));
    await engine.link();
    expect(engine.fn('f22_1')(1)).toBe(26);
    expect(engine.snapshot().moves.count).toBeGreaterThan(10);
    expect(size).toBeGreaterThan(1000);
  });
});
