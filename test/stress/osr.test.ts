/** Loops are left at every tier while everything changes. */
import { expect, it } from 'vitest';
import { linkages } from '../support/engine.js';
import { stressed } from '../support/stress-run.js';

it.each(linkages)(
  'threads leave every loop at its second arrival, in code that is recompiled, moved, replaced and removed meanwhile (%s)',
  async (linkage) => {
    const continued = new Set<string>();
    const tiers = new Set<string>();
    const { engine, exchanged } = await stressed(
      {
        linkage,
        policy: 'counters',
        thresholds: { quick: 500, optimized: 5_000, peak: 50_000 },
        osr: { forcedAt: 2 },
      },
      6000,
      ({ engine: running }) => {
        running.on('continued', ({ function: name, from }) => continued.add(`${name} ${from}`));
        running.on('published', ({ tier }) => tiers.add(tier));
        return Promise.resolve(() => Promise.resolve());
      },
    );
    expect(exchanged).toBeGreaterThan(0);
    expect(tiers).toEqual(new Set(['baseline', 'quick', 'optimized', 'peak']));
    const names = [...continued].map((one) => one.split(' '));
    expect(new Set(names.map(([, from]) => from))).toEqual(new Set(['baseline', 'quick']));
    expect(names.map(([name]) => name)).toContain('mix');
    expect(engine.snapshot().retired).toEqual([]);
    expect(engine.audit().ok).toBe(true);
  },
  180_000,
);
