import { expect, it } from 'vitest';
import { linkages } from '../support/engine.js';
import { stressed } from '../support/stress-run.js';

const publishes = { stub: 20_000, 'offset-table': 20_000, direct: 100_000 } as const;

it.each(linkages)(
  'threads go on without a wrong result over many thousand publishes, moves, compactions, replacements and removals (%s)',
  async (linkage) => {
    const { engine, exchanged, mostCode } = await stressed({ linkage }, publishes[linkage]);
    expect(exchanged).toBeGreaterThan(20);
    // What is retired and not yet looked at: some hundred copies of a few hundred bytes.
    expect(mostCode).toBeLessThan(2 ** 20);
    expect(engine.snapshot().retired).toEqual([]);
  },
  120_000,
);
