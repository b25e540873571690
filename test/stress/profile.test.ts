/** Profiles are collected while threads count and everything changes. */
import { expect, it } from 'vitest';
import type { TierRecipe } from '../../src/index.js';
import { baseline } from '../../tiers/recipes.js';
import { engineFor, linkages } from '../support/engine.js';
import { stressed } from '../support/stress-run.js';
import { bitcode } from '../support/toolchain.js';

it.each(linkages)(
  'of a program whose modules are recompiled, moved, replaced and removed meanwhile (%s)',
  async (linkage) => {
    let looks = 0;
    let most = 0;
    const { engine, exchanged } = await stressed(
      { linkage, unit: 'function' },
      6000,
      ({ engine: running }) => {
        const timer = setInterval(() => {
          most = Math.max(most, running.profile().functions.length);
          looks += 1;
        }, 1);
        return Promise.resolve(() => {
          clearInterval(timer);
          return Promise.resolve();
        });
      },
    );
    expect(exchanged).toBeGreaterThan(0);
    expect(looks).toBeGreaterThan(10);
    // Most of it runs at other tiers at any moment, or begins anew.
    expect(most).toBeGreaterThan(1);
    expect(engine.audit().ok).toBe(true);
  },
  180_000,
);

/** Functions with calls by pointers and copies of many sizes, each with another number of them. */
function sites(name: string): string {
  const functions = Array.from({ length: 24 }, (_unused, f) => {
    const all = Array.from(
      { length: 1 + ((f * 7) % 24) },
      (_, n) => `s += table[(n + ${String(n)}) & 1](n); memcpy(to, from, (n * ${String(n)}) & 63);`,
    );
    return `static int f${String(f)}(int n) { int s = 0; ${all.join(' ')} return s; }`;
  });
  return `
    #include <string.h>
    static int one(int x) { return x + 1; } static int two(int x) { return x * 2; }
    static int (*volatile table[])(int) = { one, two }; static char from[64], to[64];
    ${functions.join('\n')}
    int ${name}(int n) { return ${functions.map((_, f) => `f${String(f)}(n)`).join(' + ')}; }`;
}

it('are used by many compiles at a time, each by its own', async () => {
  const modules = Array.from({ length: 16 }, (_, n) => {
    const name = `m${String(n)}`;
    return { name, source: bitcode(sites(name)) };
  });
  const counting = engineFor({ tiers: ['quick'] });
  counting.addModules(modules);
  await counting.link();
  const expected = modules.map(({ name }) => {
    const run = counting.fn(name);
    return Array.from({ length: 200 }, (_, n) => run(n));
  });
  // Little else is done than to hand the profile over.
  const plain: TierRecipe = { ...baseline, name: 'plain', counters: false, osr: false, profile: 'use' };
  const engine = engineFor({
    tiers: ['baseline', plain],
    compileThreads: 4,
    profile: counting.profile().write(),
  });
  engine.addModules(modules);
  await engine.link();
  for (let round = 0; round < 20; round += 1)
    await Promise.all(modules.map(async ({ name }) => engine.recompile(name, 'plain')));
  for (const [index, { name }] of modules.entries()) {
    const run = engine.fn(name);
    expect(Array.from({ length: 200 }, (_, n) => run(n))).toEqual(expected[index]);
  }
}, 120_000);
