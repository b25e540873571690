import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProfileDroppedEvent } from '../../src/index.js';
import { engineFor } from '../support/engine.js';
import { bitcode, llvmBin, scratch } from '../support/toolchain.js';
import { watched } from '../support/watched-compiles.js';

const calls = bitcode(`
  __attribute__((noinline)) int other(int x) { return x - 1; }
  __attribute__((noinline)) int usual(int x) { return x * 3 + 1; }
  extern int (*volatile chosen)(int);
  int work(int n) { int sum = 0; for (int i = 0; i < n; i++) sum += chosen(i); return sum; }`);
const choice = bitcode(`
  int other(int), usual(int);
  int (*volatile chosen)(int) = usual;
  void choose(int which) { chosen = which ? other : usual; }`);

/** What an object's code refers to. */
function references(object: Uint8Array): string {
  const file = join(scratch(), 'object.o');
  writeFileSync(file, object);
  return execFileSync(join(llvmBin, 'llvm-objdump'), ['-r', file], { encoding: 'utf8' });
}

describe.each(['module', 'function'] as const)('in units of one %s', (unit) => {
  it('an indirect call that mostly leads to one function becomes a direct one', async () => {
    const { engine, seen } = watched({ unit });
    engine.addModule('calls', calls);
    engine.addModule('choice', choice);
    await engine.link();
    const work = engine.fn('work');
    const plain = work(1000);
    engine.fn('choose')(1);
    work(20);
    engine.fn('choose')(0);
    await engine.recompile('calls', 'optimized');
    const calling = references(seen.at(-1)?.object.object ?? new Uint8Array());
    expect(calling).toMatch(/R_X86_64_(PLT32|PC32) +usual/);
    expect(calling).not.toMatch(/ other-0x/);
    expect(work(1000)).toBe(plain);
    engine.fn('choose')(1);
    expect(work(3)).toBe(0);
  });
});

/** A kernel of which one half is entered for some values only. */
const lopsided = bitcode(`
  volatile int sink;
  int note(int x, int y) {
    for (int i = 0; i < y; i += x) { sink = x; sink += y; sink ^= i; sink *= 3; sink -= y; sink |= x; sink += i; sink ^= y; }
    return sink * x;
  }
  int work(int n, int limit) {
    int sum = 0;
    for (int i = 0; i < n; i++) {
      if (i > limit) sink = note(i, n);
      sum += i;
    }
    return sum;
  }`);

describe('how much was seen', () => {
  /** What the code of work refers to at peak, after so many rounds in one of its halves. */
  const after = async (rounds: number): Promise<string> => {
    const { engine, seen } = watched({ unit: 'module' });
    engine.addModule('lopsided', lopsided);
    await engine.link();
    engine.fn('work')(rounds, 1 << 30);
    await engine.recompile('lopsided', 'peak');
    expect([engine.fn('work')(10, 100), engine.fn('work')(10, 3)]).toEqual([45, 45]);
    return references(seen.at(-1)?.object.object ?? new Uint8Array());
  };
  const callsNote = /R_X86_64_PLT32 +note-/;

  it('decides whether what was not entered is cold: after much nothing is inlined there, after little it is', async () => {
    expect(await after(3_000_000)).toMatch(callsNote);
    for (const rounds of [0, 50, 120, 500, 2000, 20_000])
      expect([rounds, callsNote.test(await after(rounds))]).toEqual([rounds, false]);
  });

  it('decides whether there is a profile at all', async () => {
    const { engine, seen } = watched();
    engine.addModule('lopsided', lopsided);
    await engine.link();
    engine.fn('work')(50, 1 << 30);
    await engine.recompile('lopsided', 'optimized');
    expect(seen.at(-1)?.request).toMatchObject({ tier: { name: 'optimized' } });
    expect(seen.at(-1)?.request.profile).toBeUndefined();
    await engine.recompile('lopsided', 'quick');
    engine.fn('work')(100, 1 << 30);
    await engine.recompile('lopsided', 'optimized');
    expect(seen.at(-1)?.request.profile).toMatchObject({ isLasting: false });
  });
});

describe('a profile of other code', () => {
  const version = (body: string): Uint8Array =>
    bitcode(`int same(int x) { return x > 3 ? 1 : x; } int work(int n) { int sum = 0; ${body} return sum; }`);
  const one = version('for (int i = 0; i < n; i++) sum += same(i);');
  const two = version('for (int i = 0; i < n; i++) if (i & 1) sum += same(i); else if (i & 2) sum -= i;');

  it('is dropped for the functions that have changed, and told of', async () => {
    const first = engineFor({ tiers: ['quick', 'optimized'] });
    first.addModule('m', one);
    await first.link();
    first.fn('work')(1000);
    const profile = first.profile().write();

    const engine = engineFor({ tiers: ['quick', 'optimized'], profile });
    const dropped: ProfileDroppedEvent[] = [];
    engine.on('profileDropped', (event) => dropped.push(event));
    engine.addModule('m', two);
    await engine.link();
    await engine.recompile('m', 'optimized');
    expect(dropped).toEqual([{ module: 'm', functions: ['work'], reason: 'it was counted in other code' }]);
    expect(engine.profile().functions.map(({ name }) => name)).toEqual(['same']);
    expect(engine.fn('work')(5)).toBe(2);
  });

  it('is dropped with the source that it was counted in, which is replaced', async () => {
    const engine = engineFor({ tiers: ['quick', 'optimized'] });
    const dropped: ProfileDroppedEvent[] = [];
    engine.on('profileDropped', (event) => dropped.push(event));
    engine.addModule('m', one);
    await engine.link();
    const before = engine.snapshot().memory.data;
    engine.fn('work')(1000);
    await engine.replaceModule('m', two);
    engine.reclaim();
    // The cells of the old source are gone, those of the new one are there.
    expect(engine.snapshot().memory.data).toBeLessThanOrEqual(before + 64);
    await engine.recompile('m', 'optimized');
    expect(dropped.map(({ functions }) => functions)).toEqual([['work']]);
    // Of what did not change the counts stand.
    expect(engine.profile().functions.map(({ name, counts }) => [name, counts[0]])).toEqual([['same', 996n]]);
  });
});

describe('an inline function whose code differs from module to module', () => {
  // As clang makes a call in one module and an invoke in another, by what it has seen of the callee.
  const shared = (body: string): string =>
    `define linkonce_odr i32 @shared(i32 %x) {\n${body}\n}
    define i32 @NAME(i32 %n) {
      br label %loop
    loop:
      %i = phi i32 [ 0, %0 ], [ %next, %loop ]
      %sum = phi i32 [ 0, %0 ], [ %more, %loop ]
      %y = call i32 @shared(i32 %i)
      %more = add i32 %sum, %y
      %next = add i32 %i, 1
      %on = icmp slt i32 %next, %n
      br i1 %on, label %loop, label %out
    out:
      ret i32 %more
    }`;
  const plain = shared('%y = add i32 %x, 1\nret i32 %y').replace('@NAME', '@one');
  const branching = shared(
    '%c = icmp slt i32 %x, 0\nbr i1 %c, label %a, label %b\na:\nret i32 0\nb:\n%y = add i32 %x, 1\nret i32 %y',
  ).replace('@NAME', '@two');

  it.each(['module', 'function'] as const)('keeps its counts, in silence: units of one %s', async (unit) => {
    const { engine, seen } = watched({ unit });
    const dropped: ProfileDroppedEvent[] = [];
    engine.on('profileDropped', (event) => dropped.push(event));
    engine.addModule('one', Buffer.from(plain));
    engine.addModule('two', Buffer.from(branching));
    await engine.link();
    expect([engine.fn('one')(1000), engine.fn('two')(1000)]).toEqual([500_500, 500_500]);
    await engine.recompile('one', 'optimized');
    await engine.recompile('two', 'optimized');
    expect(seen.at(-1)?.request.profile).toBeDefined();
    expect(dropped).toEqual([]);
    expect([engine.fn('one')(1000), engine.fn('two')(1000)]).toEqual([500_500, 500_500]);
  });
});

describe('counts', () => {
  it('outlive the versions that counted, wherever these lay', async () => {
    const { engine } = watched({ linkage: 'direct' });
    engine.addModule('calls', calls);
    engine.addModule('choice', choice);
    await engine.link();
    const work = engine.fn('work');
    const counted = (): (bigint | undefined)[] =>
      engine
        .profile()
        .functions.filter(({ name }) => name === 'usual')
        .map(({ counts }) => counts[0]);
    work(10);
    engine.move('calls');
    work(10);
    await engine.recompile('calls', 'optimized');
    work(10);
    engine.reclaim();
    expect(engine.snapshot().retired).toEqual([]);
    expect(counted()).toEqual([20n]);
    await engine.recompile('calls', 'quick');
    work(10);
    expect(counted()).toEqual([30n]);
    expect(engine.audit().ok).toBe(true);
    await engine.removeModule('calls', { force: true });
    expect(engine.profile().functions).toEqual([]);
  });

  it('are added to those that the engine was given', async () => {
    const engine = engineFor({ tiers: ['quick'] });
    engine.addModule('calls', calls);
    engine.addModule('choice', choice);
    await engine.link();
    engine.fn('work')(100);
    const given = engine.profile();
    const other = engineFor({ tiers: ['quick'], profile: given.write() });
    other.addModule('renamed', calls);
    other.addModule('choice', choice);
    await other.link();
    other.fn('work')(50);
    const of = (name: string) => other.profile().functions.find((found) => found.name === name);
    expect(of('usual')?.counts).toEqual(BigUint64Array.of(150n));
    expect(of('work')?.calls[0]?.map(({ count }) => count)).toEqual([150n]);
    expect(given.merge(given).functions.find(({ name }) => name === 'usual')?.counts[0]).toBe(200n);
  });
});
