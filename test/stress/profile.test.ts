/** Profiles are collected while threads count and everything changes. */
import { expect, it } from 'vitest';
import { linkages } from '../support/engine.js';
import { stressed } from '../support/stress-run.js';

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
