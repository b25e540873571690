import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TierlinkError } from '../../src/index.js';
import { engineFor, examined, linkages, pause } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const tiers = ['baseline', 'quick', 'optimized', 'peak'];

describe.each(linkages)('with linkage %s', (linkage) => {
  it('I1: a function pointer taken at any tier equals one taken at any other', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'a',
      bitcode(
        'static int hidden(int x) { return x + 1; } int open(int x) { return x; } void *p(void) { return hidden; } void *q(void) { return open; } int isOpen(void *f) { return f == (void *)open; }',
      ),
    );
    engine.addModule(
      'b',
      bitcode(
        'int open(int); void *r(void) { return open; } int callIt(int (*f)(int), int x) { return f(x); } int (*kept)(int) = open; int sameAsKept(void) { return kept == open; }',
      ),
    );
    await engine.link();
    const pointers = () => ['p', 'q', 'r'].map((name) => engine.fn(name)());
    const before = pointers();
    expect(before[1]).toBe(before[2]);
    expect(before[1]).toBe(engine.fn('open').address);
    for (const tier of tiers) {
      for (const module of ['a', 'b']) {
        await engine.recompile(module, tier);
        expect(pointers()).toEqual(before);
        expect(engine.fn('isOpen')(before[2] as bigint)).toBe(1);
        expect(engine.fn('sameAsKept')()).toBe(1);
        expect(engine.fn('callIt')(before[0] as bigint, 41)).toBe(42);
      }
    }
  });

  it('I1: the address of a variable does not change', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'a',
      bitcode(
        'int open = 7; static int hidden[4]; void *p(void) { return &open; } void *q(void) { return &hidden[2]; }',
      ),
    );
    engine.addModule('b', bitcode('extern int open; void *r(void) { return &open; }'));
    await engine.link();
    const pointers = () => ['p', 'q', 'r'].map((name) => engine.fn(name)());
    const before = pointers();
    expect(before[0]).toBe(before[2]);
    for (const tier of tiers) {
      await engine.recompile('a', tier);
      await engine.recompile('b', tier);
      expect(pointers()).toEqual(before);
    }
  });

  it('I2: state survives recompilation and constructors run once', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'a',
      bitcode(`
      static int counter = 100;
      int made;
      __attribute__((constructor)) static void make(void) { made++; }
      int bump(void) { static int calls; return counter++ + 1000 * ++calls; }
      int isMade(void) { return made; }`),
    );
    await engine.link();
    const bump = engine.fn('bump');
    let expected = 0;
    for (const tier of [...tiers, ...tiers]) {
      expected += 1;
      expect(bump()).toBe(99 + expected + 1000 * expected);
      await engine.recompile('a', tier);
    }
    expect(engine.fn('isMade')()).toBe(1);
  });

  it('I2: destructors run once, after the functions given to atexit', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'a',
      bitcode(`
      extern int atexit(void (*)(void));
      int log_, *where = &log_;
      static void late(void) { *where = *where * 10 + 1; }
      static void early(void) { *where = *where * 10 + 2; }
      __attribute__((destructor)) static void last(void) { *where = *where * 10 + 3; }
      void point(int *p) { where = p; }
      int main(void) { atexit(late); atexit(early); return 0; }`),
    );
    await engine.link();
    const cell = new Int32Array(1);
    engine.fn('point')(cell);
    await engine.recompile('a', 'peak');
    expect(await engine.run()).toEqual({ how: 'return', status: 0 });
    expect(cell[0]).toBe(213);
    await engine.dispose();
    expect(cell[0]).toBe(213);
  });

  it('calls of an old version that is still running reach the new one', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'outer',
      bitcode('int step(int); int loop(volatile int *go) { int n = 0; while (*go) n = step(n); return n; }'),
    );
    engine.addModule('inner', bitcode('int step(int n) { return n + 1; } '));
    await engine.link();
    const go = new Int32Array([1]);
    const running = engine.fn('loop').async(go);
    for (let round = 0; round < 5; round += 1) {
      for (const tier of tiers) await engine.recompile('inner', tier);
      await engine.recompile('outer', 'peak');
    }
    const retired = engine.snapshot().memory.retired;
    go[0] = 0;
    expect(Number(await running)).toBeGreaterThan(0);
    // I5: what the running loop might have returned into was kept until it had ended.
    expect(retired).toBeGreaterThan(0);
    await pause(5);
    await engine.recompile('inner', 'baseline');
    expect(engine.snapshot().memory.retired).toBe(0);
  });

  it('I5: the version that a running program is inside is kept until main has returned, the others are not', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'main',
      bitcode('int step(void); extern volatile int go; int main(void) { while (go) step(); return 0; }'),
    );
    engine.addModule(
      'step',
      bitcode(
        'volatile int go = 1; static int n; int step(void) { return ++n; } void stop(void) { go = 0; }',
      ),
    );
    await engine.link();
    const running = engine.run();
    await pause(10);
    for (const tier of tiers) {
      await engine.recompile('main', tier);
      await engine.recompile('step', tier);
    }
    const { memory, retired } = await examined(engine, 1);
    expect(retired.map(({ name, hold }) => `${name}: ${hold}`)).toEqual([
      'main at baseline, version 1: referred',
    ]);
    expect(memory.reclaimed).toBeGreaterThan(0);
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    expect(engine.snapshot().memory).toMatchObject({
      retired: 0,
      reclaimed: memory.reclaimed + memory.retired,
    });
  });

  it('setjmp and longjmp cross versions', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'jump',
      bitcode(`
      #include <setjmp.h>
      void pump(void); int rounds;
      static jmp_buf back;
      void leave(int n) { longjmp(back, n); }
      int enter(void (*leave)(int)) { int got = setjmp(back); if (got) return got; for (;;) { pump(); leave(++rounds + 10); } }`),
    );
    engine.addModule('pump', bitcode('void pump(void) {}'));
    await engine.link();
    const enter = engine.fn('enter');
    const leave = engine.fn('leave').address;
    for (const [round, tier] of tiers.entries()) {
      expect(enter(leave)).toBe(11 + round);
      await engine.recompile('jump', tier);
    }
  });

  it('I3: no mapping of an engine is writable and executable', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'a',
      bitcode(
        'int v = 1; static const char t[] = "text"; int f(void) { return v; } void *pv(void) { return &v; } const void *pt(void) { return t; }',
      ),
    );
    await engine.link();
    await engine.recompile('a', 'peak');
    // V8 has writable and executable pages of its own, so each mapping is looked up by what lies in it.
    const maps = readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .map((line) => {
        const [, from = '0', to = '0', mode = ''] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
        return { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`), mode, line };
      });
    const modeAt = (place: bigint) => maps.find(({ from, to }) => place >= from && place < to)?.mode;
    expect(modeAt(engine.fn('f').address)).toMatch(/^r-x/);
    expect(modeAt(engine.fn('pt')() as bigint)).toMatch(/^r--/);
    expect(modeAt(engine.fn('pv')() as bigint)).toMatch(/^rw-/);
    const shared = maps.filter(({ line }) => line.includes('memfd:'));
    expect(shared.length).toBeGreaterThanOrEqual(3);
    expect(shared.filter(({ mode }) => mode.includes('w') && mode.includes('x'))).toEqual([]);
  });

  it('I4 and I8: a version that fails leaves the old one running and takes nothing', async () => {
    const engine = engineFor({
      linkage,
      memory: { codeBytes: 65_536, readonlyBytes: 65_536, dataBytes: 65_536 },
    });
    const big = Array.from(
      { length: 400 },
      (_, i) => `int f${String(i)}(int x) { volatile int y = x; ${'y += x;'.repeat(12)} return y; }`,
    ).join('\n');
    engine.addModule('a', bitcode('int f(void) { return 1; }'));
    await engine.link();
    const before = engine.snapshot();
    engine.addModule('big', bitcode(big));
    await expect(engine.link()).rejects.toThrow(expect.objectContaining({ code: 'MEMORY_EXHAUSTED' }));
    const after = engine.snapshot();
    expect(after.slots).toBe(before.slots);
    expect(after.memory.code).toBe(before.memory.code);
    expect(after.memory.readonly).toBe(before.memory.readonly);
    expect(engine.fn('f')()).toBe(1);
    expect(after.modules.find((module) => module.name === 'big')).toMatchObject({
      stage: 'declared',
      tier: null,
    });
  });
});

it('two engines in one process do not disturb each other', async () => {
  const text = 'int n; int bump(void) { return ++n; } void *where(void) { return &n; }';
  const [one, other] = [engineFor(), engineFor({ linkage: 'offset-table' })];
  for (const engine of [one, other]) {
    engine.addModule('a', bitcode(text));
    await engine.link();
  }
  expect([one.fn('bump')(), one.fn('bump')(), other.fn('bump')()]).toEqual([1, 2, 1]);
  expect(one.fn('where')()).not.toBe(other.fn('where')());
  await one.dispose();
  expect(other.fn('bump')()).toBe(2);
  expect(() => one.fn('bump')).toThrow(TierlinkError);
});

it('tiers up while the program runs, with no help from it', async () => {
  const thresholds = { quick: 100, optimized: 1000, peak: 10_000 };
  // A continuation of the loop would have `work` inlined.
  const engine = engineFor({ policy: 'counters', osr: false, thresholds });
  engine.addModule(
    'main',
    bitcode(`
    #include <time.h>
    int work(int); int go(void);
    int main(void) { int n = 0; while (!go()) n = work(n) & 0xff; return 0; }`),
  );
  engine.addModule('work', bitcode('int work(int n) { return n + 1; }'));
  engine.addModule(
    'go',
    bitcode(`
    #include <time.h>
    static time_t began; int go(void) { if (!began) began = time(0); return time(0) - began >= 2; }`),
  );
  const published: { module: string; tier: string; atMs: number }[] = [];
  engine.on('published', (event) => published.push(event));
  await engine.link();
  const began = engine.snapshot().wallMs;
  expect(await engine.run()).toMatchObject({ status: 0 });
  const during = published.filter((event) => event.atMs > began && event.module === 'work');
  // By then it is called so often that it would leave `optimized` at once.
  expect(during.map((event) => event.tier)).toEqual(['quick', 'peak']);
});
