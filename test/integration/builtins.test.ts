/** What compilers expect of their support library is there, without a library that the user names. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { engineFor } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** As Linux tells them. */
const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(' '));

it('a program that asks for features of the processor gets the right answers', async () => {
  // The names that both have; those of the third word of features are not among Linux's.
  const names = ['popcnt', 'ssse3', 'avx', 'avx2', 'bmi', 'bmi2', 'fma', 'aes', 'avx512f', 'avx512vbmi'];
  const level = ['avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe'].every((flag) => flags.has(flag));
  const cases = [...names, 'x86-64-v2', 'x86-64-v3'].map(
    (name, index) => `case ${String(index)}: return __builtin_cpu_supports("${name}") != 0;`,
  );
  const engine = engineFor({ unit: 'function' });
  engine.addModule('m', bitcode(`int has(int which) { switch (which) { ${cases.join('\n')} } return -1; }`));
  await engine.link();
  const found = [...names, 'v2', 'v3'].map((name, index) => [name, engine.fn('has')(index)]);
  const wanted = names.map((name) => [name, flags.has(name === 'bmi' ? 'bmi1' : name) ? 1 : 0]);
  expect(found).toEqual([...wanted, ['v2', flags.has('sse4_2') ? 1 : 0], ['v3', level ? 1 : 0]]);
});

it('of a function that was written for several processors, the one for this is called', async () => {
  const engine = engineFor({ unit: 'function' });
  const versions = `
    __attribute__((target("default"))) int level(void) { return 0; }
    __attribute__((target("sse4.2"))) int level(void) { return 1; }
    __attribute__((target("avx2"))) int level(void) { return 2; }
    int ask(void) { return level(); }
    __attribute__((target_clones("avx512f", "avx2", "default"))) int sum(int n) {
      int s = 0; for (int i = 0; i < n; i++) s += i * i; return s; }
    int total(int n) { return sum(n); }`;
  engine.addModule('m', bitcode(versions));
  await engine.link();
  expect(engine.fn('ask')()).toBe(flags.has('avx2') ? 2 : flags.has('sse4_2') ? 1 : 0);
  for (const tier of ['quick', 'optimized', 'peak']) {
    expect(engine.fn('total')(100)).toBe(328_350);
    await engine.recompile('m', tier);
  }
  expect(engine.fn('total')(100)).toBe(328_350);
});

it('numbers are rounded once to a bfloat, to the nearest, of two to the even one', async () => {
  const engine = engineFor({ unit: 'function' });
  const bits = (type: string): string => `
    unsigned bits_${type.replaceAll(/\W/g, '_')}(double x) {
      __bf16 b = (__bf16)(${type})x; unsigned short u; __builtin_memcpy(&u, &b, 2); return u; }`;
  const types = ['float', 'double', 'long double', '__float128'];
  engine.addModule('m', bitcode(types.map(bits).join('')));
  await engine.link();
  const view = new DataView(new ArrayBuffer(4));
  const valueOf = (upper: number): number => (view.setUint32(0, upper << 16), view.getFloat32(0));
  /** Its neighbours are looked for one by one: the distances between doubles that are this near are exact. */
  const nearest = (value: number): number => {
    view.setFloat32(0, value);
    const about = view.getUint32(0) >>> 16;
    const sign = about & 0x8000;
    // Infinity counts as the number that would be next.
    const sizeOf = (upper: number): number =>
      (upper & 0x7fff) === 0x7f80 ? 2 ** 128 : Math.abs(valueOf(upper));
    const near = [about - 1, about, about + 1].filter(
      (upper) => (upper & 0x8000) === sign && (upper & 0x7fff) <= 0x7f80,
    );
    const distance = (upper: number): number => Math.abs(sizeOf(upper) - Math.min(Math.abs(value), 2 ** 128));
    return near.sort((one, other) => distance(one) - distance(other) || (one & 1) - (other & 1))[0] ?? -1;
  };
  const edges = [
    0, -0, 1, 1.00390625, 1.01171875, 1.0039062500000002, 3.3895313892515355e38, 3.4e38, 1e39, -1e300,
  ];
  const tiny = [1e-40, 4.591774807899561e-41, 4.6e-41, 1e-46, -1e-310, 2 ** -133, 1.5 * 2 ** -133];
  const some = fc.oneof(
    fc.double({ noNaN: true }),
    // A little beside the middle of two neighbours: what is rounded twice is wrong there.
    fc
      .tuple(
        fc.integer({ min: 0x0080, max: 0x7f00 }),
        fc.constantFrom(-1, 0, 1),
        fc.integer({ min: 10, max: 44 }),
      )
      .map(([upper, side, bit]) => ((valueOf(upper) + valueOf(upper + 1)) / 2) * (1 + side * 2 ** -bit)),
  );
  const check = (value: number): void => {
    expect([value, engine.fn('bits_float')(value)]).toEqual([value, nearest(Math.fround(value))]);
    for (const name of ['bits_double', 'bits_long_double', 'bits___float128']) {
      expect([name, value, engine.fn(name)(value)]).toEqual([name, value, nearest(value)]);
    }
  };
  for (const value of [...edges, ...tiny, Infinity, -Infinity]) check(value);
  fc.assert(fc.property(some, check), { numRuns: 3000 });
  for (const name of ['bits_float', 'bits_double', 'bits_long_double', 'bits___float128'])
    expect(Number(engine.fn(name)(NaN)) & 0x7fc0).toBe(0x7fc0);
});
