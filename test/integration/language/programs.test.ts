/** The five classic programs of the example language: what they print, at every tier and in both control modes. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernels } from '../../../bench/language/kernels.js';
import { opened } from '../../support/rill.js';
import { root } from '../../support/toolchain.js';

/** As published by the Benchmarks Game for these sizes; of the bitmap, its Adler-32 without the head, as C computes it. */
const published: Readonly<Record<string, readonly [n: bigint, output: string]>> = {
  nbody: [1000n, '-0.169075164\n-0.169087605\n'],
  'spectral-norm': [100n, '1.274219991\n'],
  fannkuch: [7n, '228\nPfannkuchen(7) = 16\n'],
  'binary-trees': [
    10n,
    'stretch tree of depth 11\t check: 4095\n' +
      '1024\t trees of depth 4\t check: 31744\n256\t trees of depth 6\t check: 32512\n' +
      '64\t trees of depth 8\t check: 32704\n16\t trees of depth 10\t check: 32752\n' +
      'long lived tree of depth 10\t check: 2047\n',
  ],
  mandelbrot: [200n, '659668120\n'],
};
const names = Object.keys(published);
const pathOf = (name: string): string => join(root, 'examples/rill/programs', `${name}.rill`);

describe.each(['inline', 'worker'] as const)('control %s', (control) => {
  describe.each(['baseline', 'quick', 'optimized', 'peak'])('tier %s', (tier) => {
    it.each(names)('%s prints what is published', async (name) => {
      const { call } = await opened(pathOf(name), { engine: { control, tiers: [tier], policy: 'never' } });
      const [n, output] = published[name] ?? [0n, ''];
      expect(await call('run', n)).toBe(output);
    });
  });

  it.each(names)('%s gives the same while it climbs the tiers, and the same as JS', async (name) => {
    const thresholds = { quick: 2, optimized: 10, peak: 50 };
    const { call } = await opened(pathOf(name), { engine: { control, thresholds } });
    const n = { fannkuch: 8n, 'binary-trees': 9n }[name] ?? 150n;
    const expected = kernels[name]?.(Number(n));
    for (let pass = 0; pass < 8; pass += 1) expect(await call('run', n)).toBe(expected);
  });
});
