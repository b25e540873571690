/** Fast calls from three threads of JS while control publishes, moves, replaces and removes what they call. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { engineFor } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const isKnown = /^(11\.3|12\.4)\..*-node\./.test(process.versions.v8);

/** How long it goes on. */
const milliseconds = 5_000;
const tiers = ['baseline', 'quick', 'optimized', 'peak'];

interface Seen {
  readonly rounds: number;
  readonly mistakes: number;
  readonly removed: number;
  readonly fast: number;
}

it.runIf(isKnown)(
  'no call of an optimised loop gives a wrong result, and all come to an end',
  async () => {
    const engine = engineFor({ control: 'worker', unit: 'module' });
    const tail = [5, 9].map((by) => bitcode(`int tail(int x) { return x ^ ${String(by)}; }`));
    const gone = bitcode('int gone(int x) { return x + 1; }');
    engine.addModule('mix', bitcode('int tail(int); int mix(int x) { return x * 3 + tail(x); }'));
    engine.addModule('tail', tail[0] ?? '');
    engine.addModule('apply', bitcode('int apply(int (*f)(int), int x) { return f(x); }'));
    engine.addModule('gone', gone);
    await engine.link();
    const stop = new SharedArrayBuffer(4);
    const workers = [0, 1].map(() => {
      const handle = engine.handle();
      return new Worker(new URL('../drivers/fast-shake.mjs', import.meta.url), {
        workerData: { handle, stop },
        transferList: [handle.port],
      });
    });
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const seen = Promise.all(workers.map((worker) => once(worker, 'message')));
    const mix = engine.fn('mix');
    const wrong: unknown[] = [];
    const slice = (): void => {
      for (let x = 0; x < 20_000; x += 1) {
        const got = mix(x);
        if (got !== ((x * 3 + (x ^ 5)) | 0) && got !== ((x * 3 + (x ^ 9)) | 0)) wrong.push([x, got]);
      }
    };
    const end = performance.now() + milliseconds;
    let changes = 0;
    while (performance.now() < end) {
      const change = [
        () => engine.recompile('mix', tiers[(changes >> 3) % tiers.length] ?? ''),
        () => engine.replaceModule('tail', tail[(changes >> 3) & 1] ?? ''),
        () => {
          engine.move('mix');
          engine.compact();
        },
        () => engine.recompile('tail', tiers[(changes >> 4) % tiers.length] ?? ''),
        () => engine.removeModule('gone', { force: true }),
        () => engine.reclaim(),
        () => {
          engine.addModule('gone', gone);
          return engine.link();
        },
        () =>
          engine.recompileGroup([
            { module: 'mix', tier: 'peak' },
            { module: 'tail', tier: 'peak' },
          ]),
      ][changes % 8];
      const done = change?.();
      slice();
      await Promise.resolve(done);
      changes += 1;
    }
    Atomics.store(new Int32Array(stop), 0, 1);
    // Safe because this is what the driver tells.
    const results = (await seen).flat() as Seen[];
    expect(wrong).toEqual([]);
    for (const result of results) {
      expect(result).toMatchObject({ mistakes: 0 });
      expect(result.rounds).toBeGreaterThan(20);
      expect(result.fast).toBeGreaterThan(result.rounds / 4);
    }
    expect(mix.road).toBe('fast');
    expect(changes).toBeGreaterThan(16);
    expect(engine.snapshot().mutatorsInside).toBe(0);
    await engine.dispose();
  },
  60_000,
);
