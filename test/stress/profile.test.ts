/** Profiles are collected while threads count and everything changes. */
import { expect, it } from 'vitest';
import { type FunctionProfile } from '../../src/index.js';
import { linkages } from '../support/engine.js';
import { stressed } from '../support/stress-run.js';

it.each(linkages)(
  'of a program whose modules are recompiled, moved, replaced and removed meanwhile (%s)',
  async (linkage) => {
    let looks = 0;
    let latest: readonly FunctionProfile[] = [];
    const { engine, exchanged } = await stressed(
      { linkage, unit: 'function' },
      1500,
      ({ engine: running }) => {
        const timer = setInterval(() => {
          latest = running.profile().functions;
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
    const counted = latest.filter(({ counts }) => counts.some((count) => count > 0n));
    expect(counted.length).toBeGreaterThan(5);
    expect(engine.audit().ok).toBe(true);
  },
  180_000,
);
