/** Functions whose cold part lies apart: all that holds for code holds for both parts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readObject } from '../../src/elf/object.js';
import {
  type Engine,
  type EngineOptions,
  optimized,
  peak,
  type ProfileUse,
  type TierRecipe,
  TierlinkError,
} from '../../src/index.js';
import { coldPartPrefix } from '../../src/link/graph.js';
import { engineFor, examined, linkages } from '../support/engine.js';
import { bitcode, scratch } from '../support/toolchain.js';
import { type Seen, watched } from '../support/watched-compiles.js';

/** Functions of which an object has the cold part in a section of its own. */
function splitIn(seen: Seen | undefined): string[] {
  if (seen === undefined) throw new Error('something was compiled');
  const { sections } = readObject(seen.object.object, 'm');
  return Array.from({ length: sections.count }, (_, index) => sections.name(index))
    .filter((name) => name.startsWith(coldPartPrefix))
    .map((name) => name.slice(coldPartPrefix.length));
}

/** What is cold in `work` calls two modules, divides, and has a table of its own. */
const main = bitcode(
  `int seldom(int x, int y); int other(int);
int work(int n, int from, int by) {
  int sum = 0;
  for (int i = 0; i < n; i++) {
    sum += i ^ (sum >> 3);
    if (i >= from) {
      sum += seldom(i, sum) / by;
      switch (sum & 7) {
        case 0: sum += other(sum); break;
        case 1: sum ^= other(i); break;
        case 2: sum += 3; break;
        case 3: sum = ~sum; break;
        case 4: sum *= 5; break;
        case 5: sum -= other(5); break;
        default: sum |= 1;
      }
    }
  }
  return sum;
}
int second(int n, int from) {
  int sum = 1;
  for (int i = 0; i < n; i++) { sum = sum * 3 + i; if (i >= from) sum += other(sum) + seldom(sum, i); }
  return sum;
}`,
  ['-g'],
);
const callee = (factor: number): Uint8Array =>
  bitcode(`static int calls; int seldom(int x, int y) { calls++; return x * ${String(factor)} - y + calls; }
    int other(int x) { return x * ${String(factor + 4)} + ++calls; }`);

const rounds = 2_000_000;

/** An engine that has seen one way only, and that then came to a tier. */
async function afterMuch(tier: string, options: EngineOptions = {}) {
  const { engine, seen } = watched({ unit: 'module', ...options });
  engine.addModule('main', main);
  engine.addModule('callee', callee(3));
  await engine.link();
  engine.fn('work')(rounds, rounds, 1);
  engine.fn('second')(rounds, rounds);
  await engine.recompile('main', tier);
  return { engine, seen };
}

/** A run through both parts of both functions. */
function both(engine: Engine): unknown[] {
  const work = engine.fn('work');
  return [work(100, 3, 7), work(50, 49, 1), work(7, 9, 2), engine.fn('second')(40, 9), work(300, 0, -3)];
}

/** The same of code that was never optimised. */
async function plainly(factor = 3): Promise<unknown[]> {
  const engine = engineFor({ unit: 'module' });
  engine.addModule('main', main);
  engine.addModule('callee', callee(factor));
  await engine.link();
  return both(engine);
}

describe.each(['optimized', 'peak'])('a function whose profile is trusted, at %s', (tier) => {
  it.each(['module', 'function'] as const)(
    'is split, and does the same, in units of one %s',
    async (unit) => {
      const { engine, seen } = watched({ unit });
      engine.addModule('main', main);
      engine.addModule('callee', callee(3));
      await engine.link();
      engine.fn('work')(rounds, rounds, 1);
      const before = seen.length;
      await engine.recompile('main', tier);
      expect(seen.slice(before).flatMap(splitIn)).toContain('work');
      expect(both(engine)).toEqual(await plainly());
      expect(engine.audit().ok).toBe(true);
    },
  );
});

describe('a function is left whole', () => {
  it('when little was seen of it', async () => {
    const { engine, seen } = watched({ unit: 'module' });
    engine.addModule('main', main);
    engine.addModule('callee', callee(3));
    await engine.link();
    engine.fn('work')(30_000, 30_000, 1);
    await engine.recompile('main', 'peak');
    expect(seen.at(-1)?.request.profile).toBeDefined();
    expect(splitIn(seen.at(-1))).toEqual([]);
    expect(both(engine)).toEqual(await plainly());
  });

  const without: readonly (readonly ProfileUse[])[] = [
    ['branches', 'calls', 'inlining'],
    ['calls', 'inlining', 'split'],
    [],
  ];
  it.each(without.map((uses) => [uses]))('by a recipe that uses profiles for %j', async (profileUses) => {
    const recipe: TierRecipe = { ...peak, name: 'top', profileUses };
    const { engine, seen } = await afterMuch('top', { tiers: ['quick', recipe] });
    expect(seen.at(-1)?.request.profile).toBeDefined();
    expect(splitIn(seen.at(-1))).toEqual([]);
    expect(both(engine)).toEqual(await plainly());
  });

  it('when the name of its cold part is taken', async () => {
    const text = (name: string): string => `int ext(int); int ${name}(int n, int from) { int sum = 0;
      for (int i = 0; i < n; i++) { sum += i ^ sum; if (i >= from) sum += ext(sum) * ext(i); } return sum; }`;
    const { engine, seen } = watched({ unit: 'module' });
    engine.addModule('ext', bitcode('int ext(int x) { return x ^ 1; }'));
    engine.addModule(
      'm',
      bitcode(
        `int taken(void) __asm__("work.cold"); int taken(void) { return 4; }${text('work')} ${text('free')}`,
      ),
    );
    await engine.link();
    engine.fn('work')(rounds, rounds);
    engine.fn('free')(rounds, rounds);
    await engine.recompile('m', 'peak');
    expect(splitIn(seen.at(-1))).toEqual(['free']);
    expect([engine.fn('work')(9, 2), engine.fn('work.cold')()]).toEqual([engine.fn('free')(9, 2), 4]);
  });
});

it('what is cold in several functions comes behind all of them, and is part of the version', async () => {
  const { engine } = await afterMuch('peak');
  const shown = await engine.disassemble('work', 'peak');
  const firstCold = shown.instructions.findIndex(({ isCold }) => isCold);
  expect(firstCold).toBeGreaterThan(0);
  expect(shown.instructions.slice(firstCold).every(({ isCold }) => isCold)).toBe(true);
  const hotBytes = shown.instructions[firstCold]?.offset ?? 0;
  const ends = shown.instructions.map(({ offset, bytes }) => offset + bytes.length);
  expect(shown.instructions.slice(1).map(({ offset }) => offset)).toEqual(ends.slice(0, -1));
  const published = engine.snapshot().modules.find(({ name }) => name === 'main');
  expect(published?.codeBytes).toBeGreaterThan(ends.at(-1) ?? Infinity);
  expect(hotBytes).toBeLessThan((ends.at(-1) ?? 0) / 2);
});

describe.each(linkages)('with linkage %s', (linkage) => {
  it('both parts move, and what a cold part calls is replaced', async () => {
    const { engine } = await afterMuch('peak', { linkage });
    const { engine: model } = await afterMuch('quick', { linkage });
    for (const factor of [3, 5, 8]) {
      for (const each of [engine, model]) await each.replaceModule('callee', callee(factor));
      engine.move('main');
      expect(both(engine)).toEqual(both(model));
      engine.compact();
      expect(both(engine)).toEqual(both(model));
      expect(engine.audit().ok).toBe(true);
    }
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
  });

  it('a cold part calls what its callee has become', async () => {
    const { engine } = await afterMuch('peak', { linkage });
    const { engine: model } = await afterMuch('quick', { linkage });
    for (const tier of ['optimized', 'peak', 'quick']) {
      await engine.recompile('callee', tier);
      expect(both(engine)).toEqual(both(model));
    }
  });
});

describe('a place in a cold part', () => {
  it('is named as one of its function, with its line, when it traps', async () => {
    const { engine } = await afterMuch('peak');
    expect.assertions(3);
    try {
      engine.fn('work')(10, 5, 0);
    } catch (error) {
      if (!(error instanceof TierlinkError)) throw error;
      expect(error.code).toBe('TRAPPED');
      expect(error.details).toMatchObject({ trap: 'division', function: 'work', tier: 'peak', line: 7 });
    }
    expect(engine.fn('work')(3, 9, 1)).toBe(engine.fn('work')(3, 9, 2));
  });

  it('is known to profilers by the name that compilers give it', async () => {
    const folder = scratch();
    const { engine } = await afterMuch('peak', { observe: { jitDump: folder } });
    const dump = readFileSync(join(folder, `jit-${String(process.pid)}.dump`), 'latin1');
    for (const name of ['work', 'work.cold', 'second', 'second.cold'])
      expect(dump.split(`\0${name} [peak]\0`)).toHaveLength(2);
    expect(dump).not.toContain('work.cold [quick]');
    engine.move('main');
  });
});

/** Exceptions are thrown, passed on and caught in cold parts. */
const throwing = bitcode(
  `struct Mine { int n; };
  extern "C" int depth;
  int depth = 0;
  struct Guard { Guard() { depth++; } ~Guard() { depth--; } };
  __attribute__((noinline)) static int toss(int n) { Guard guard; if (n % 3 == 0) throw Mine{n}; if (n % 3 == 1) throw n; return n; }
  extern "C" int catching(int n, int from) {
    int sum = 0;
    for (int i = 0; i < n; i++) {
      Guard outer;
      sum += i ^ sum;
      if (i < from) continue;
      try { Guard inner; sum += toss(i); sum ^= toss(i + 1); }
      catch (const Mine &mine) { sum += mine.n * 3; if (sum & 4) continue; sum++; }
      catch (int m) { sum -= m; }
    }
    return sum + depth;
  }
  extern "C" int passing(int n, int from) {
    Guard outer;
    int sum = 1;
    for (int i = 0; i < n; i++) { sum = sum * 5 + i; if (i >= from) { Guard inner; sum += toss(i); } }
    return sum;
  }
  extern "C" int calling(int n, int from) {
    try { return passing(n, from); } catch (const Mine &mine) { return mine.n + depth; } catch (int m) { return -m - depth; }
  }`,
  ['-x', 'c++', '-std=c++17', '-fexceptions'],
);

it.each([optimized, peak])('C++ unwinds through cold parts, at $name', async ({ name: tier }) => {
  const { engine, seen } = watched({ unit: 'module' });
  engine.addModule('m', throwing);
  await engine.link();
  const runs = () => {
    const wanted = [0, 1, 2, 3, 4, 5].flatMap((from) => [
      engine.fn('catching')(20, from),
      engine.fn('calling')(20, from),
    ]);
    return [...wanted, engine.fn('calling')(20, 20)];
  };
  const expected = runs();
  for (const name of ['catching', 'calling']) engine.fn(name)(rounds, rounds);
  await engine.recompile('m', tier);
  const split = splitIn(seen.at(-1));
  expect(split).toEqual(expect.arrayContaining(['catching', 'passing']));
  expect(runs()).toEqual(expected);
  engine.move('m');
  expect(runs()).toEqual(expected);
  expect(engine.audit().ok).toBe(true);
});

it('computed gotos lead from part to part', async () => {
  const text = bitcode(`int run(const char *code, int n) {
    static void *const table[] = {&&add, &&twist, &&loop, &&rare, &&end};
    int sum = 1, left = n; const char *at = code;
    goto *table[(int)*at];
    add: sum += 3; goto *table[(int)*++at];
    twist: sum ^= sum << 5; goto *table[(int)*++at];
    loop: if (--left > 0) at = code - 1; goto *table[(int)*++at];
    rare: sum = sum / 7 * left + sum % 5; sum ^= n; goto *table[(int)*++at];
    end: return sum; }
    int work(int n, int odd) { char usual[] = {0, 1, 0, 2, 4}; char seldom[] = {3, 0, 3, 2, 3, 4}; return run(odd ? seldom : usual, n); }`);
  const { engine, seen } = watched({ unit: 'module' });
  engine.addModule('m', text);
  await engine.link();
  const runs = () => [1, 2, 9, 30].flatMap((n) => [engine.fn('work')(n, 0), engine.fn('work')(n, 1)]);
  const expected = runs();
  engine.fn('work')(rounds, 0);
  await engine.recompile('m', 'peak');
  expect(splitIn(seen.at(-1))).toContain('run');
  expect(runs()).toEqual(expected);
});

it('the continuation of a loop is split like a function, and its parts are named as it', async () => {
  const { engine: counting } = await afterMuch('optimized');
  const profile = counting.profile().write();
  const { engine, seen } = watched({
    unit: 'function',
    tiers: ['quick', 'peak'],
    profile,
    osr: { forcedAt: 3 },
  });
  const continued: string[] = [];
  engine.on('continued', (event) => continued.push(event.function));
  engine.addModule('main', main);
  engine.addModule('callee', callee(3));
  await engine.link();
  expect(both(engine)).toEqual(await plainly());
  expect(continued).toEqual(expect.arrayContaining(['work', 'second']));
  const split = seen.filter(({ request }) => request.continuation !== undefined).flatMap(splitIn);
  expect(split).toEqual([
    expect.stringMatching(/^__tierlink_continuation\.\d+\.work$/),
    expect.stringMatching(/^__tierlink_continuation\.\d+\.second$/),
  ]);
  const details = expect.objectContaining({ function: 'work', tier: 'peak', line: 7 }) as unknown;
  expect(() => engine.fn('work')(10, 5, 0)).toThrow(expect.objectContaining({ code: 'TRAPPED', details }));
  expect(engine.audit().ok).toBe(true);
});
