/** A module is replaced again and again while threads run what inlined it: no call that begins later sees what it was. */
import { expect, it } from 'vitest';
import { engineFor, examined, linkages, pause } from '../support/engine.js';
import { randomFrom } from '../support/stress-program.js';
import { bitcode } from '../support/toolchain.js';

const replacements = 80;

/** Each thread notes what has been in use for certain before it asks, and calls by a pointer, so that it inlines nothing. */
const threads = `
  #include <pthread.h>
  long ask(long); volatile long least = 1, wrong, rounds, stopped; long (*volatile asked)(long) = ask;
  static void *go(void *unused) { while (!stopped) { long before = least, got = asked(before); if (got < before) __sync_fetch_and_add(&wrong, 1); __sync_fetch_and_add(&rounds, 1); } return 0; }
  void raise_(long to) { least = to; } void stop(void) { stopped = 1; }
  long mistakes(void) { return wrong; } long asks(void) { return rounds; }
  int main(void) { pthread_t all[3]; for (int i = 0; i < 3; i++) pthread_create(&all[i], 0, go, 0);
    for (int i = 0; i < 3; i++) pthread_join(all[i], 0); return 0; }`;
const asking =
  'long value(long); long twice(long); long ask(long x) { long a = twice(x) / 2, b = value(x); return a < b ? a : b; }';
const between = 'long value(long); long twice(long x) { return value(x) * 2; }';
const library = (generation: number): Uint8Array =>
  bitcode(
    `static long calls, base = 0; static const long factors[2] = { 1, ${String(generation)} };
     static long own(long x) { calls++; return factors[1] + base + (x & 0); } long value(long x) { return own(x); }`,
  );

/** Source of each generation from 1 on, made once. */
const sources = Array.from({ length: replacements }, (_, index) => library(index + 1));

it.each(linkages)(
  'no call that begins when a replacement is done sees the source before it (%s)',
  async (linkage) => {
    const engine = engineFor({ unit: 'function', linkage, control: 'worker' });
    engine.addModule('threads', bitcode(threads));
    engine.addModule('app', bitcode(asking));
    engine.addModule('between', bitcode(between));
    engine.addModule('library', sources[0] ?? '');
    await engine.link();
    const raise = engine.fn('raise_');
    const running = engine.run('main', ['threads']);
    const random = randomFrom(linkage.length);
    const relied = new Set<string>();
    const under: Promise<unknown>[] = [];
    let mostCode = 0;
    for (let generation = 2; generation <= replacements; generation += 1) {
      const text = sources[generation - 1] ?? '';
      const promoted = ['app', 'between'].map((module) => engine.recompile(module, 'peak'));
      // Else they are under way.
      if (random(3) > 0) await Promise.all(promoted);
      under.push(...promoted);
      const { modules, memory } = engine.snapshot();
      for (const { name, reliesOn } of modules) if (reliesOn.length > 0) relied.add(name);
      mostCode = Math.max(mostCode, memory.code);
      if (random(4) === 0) engine.compact();
      await engine.replaceModule('library', text);
      raise(BigInt(generation));
    }
    await Promise.all(under);
    while (Number(engine.fn('asks')()) < 10_000) await pause(1);
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    expect(engine.fn('mistakes')()).toBe(0n);
    expect([...relied].sort()).toEqual(['app', 'between']);
    expect(mostCode).toBeLessThan(2 ** 20);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
    expect(engine.audit().violations).toEqual([]);
  },
  120_000,
);
