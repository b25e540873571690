/** The same in units of one function, compiled when they are called, with threads of three workers in them. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import type { PublishedEvent } from '../../src/index.js';
import { examined, linkages } from '../support/engine.js';
import type { StressProgram } from '../support/stress-program.js';
import { stressed } from '../support/stress-run.js';
import { root } from '../support/toolchain.js';

const publishes = { stub: 10_000, 'offset-table': 10_000, direct: 30_000 } as const;

/** Workers that call a function of the program without pause; ends them, and looks at what they saw. */
async function threeWorkers({ engine }: StressProgram): Promise<() => Promise<void>> {
  const stop = new SharedArrayBuffer(4);
  const workers = [1, 2, 3].map(() => {
    const handle = engine.handle();
    return new Worker(join(root, 'test', 'drivers', 'attached.mjs'), {
      workerData: { handle, stop },
      transferList: [handle.port],
      execArgv: [],
    });
  });
  const message = async (worker: Worker): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  expect(await Promise.all(workers.map(message))).toEqual(workers.map(() => ({ ready: true })));
  for (const worker of workers) worker.postMessage({ call: 'shake' });
  return async () => {
    const last = workers.map(message);
    Atomics.store(new Int32Array(stop), 0, 1);
    for (const seen of await Promise.all(last)) {
      expect(seen['value']).toMatchObject({ mistakes: 0 });
      expect((seen['value'] as { rounds: number }).rounds).toBeGreaterThan(100);
    }
    await Promise.all(workers.map(async (worker) => worker.terminate()));
  };
}

it.each(linkages)(
  'threads, and workers that attached, go on without a wrong result while functions come and go (%s)',
  async (linkage) => {
    const events: PublishedEvent[] = [];
    const { engine, exchanged, mostCode } = await stressed(
      {
        linkage,
        unit: 'function',
        control: 'worker',
        policy: 'counters',
        thresholds: { quick: 500, optimized: 5_000, peak: 50_000 },
      },
      publishes[linkage],
      async (program) => {
        program.engine.on('published', (event) => events.push(event));
        return threeWorkers(program);
      },
    );
    expect(exchanged).toBeGreaterThan(10);
    const reasons = events.map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'first call').length).toBeGreaterThan(10);
    expect(new Set(events.map(({ tier }) => tier))).toEqual(
      new Set(['baseline', 'quick', 'optimized', 'peak']),
    );
    expect(mostCode).toBeLessThan(2 ** 21);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
    expect(engine.audit().violations).toEqual([]);
  },
  120_000,
);
