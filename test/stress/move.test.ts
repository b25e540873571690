import { expect, it } from 'vitest';
import { linkages } from '../support/engine.js';
import { randomFrom, stressProgram } from '../support/stress-program.js';

/** How long each stress goes on at most; it ends when so many publishes have been made. */
const longestMs = 90_000;
const publishes = { stub: 20_000, 'offset-table': 20_000, direct: 100_000 } as const;
const tiers = ['baseline', 'quick', 'optimized', 'peak'];

it.each(linkages)(
  'threads go on without a wrong result over many thousand publishes, moves, compactions, replacements and removals (%s)',
  async (linkage) => {
    const { engine, modules, replacing, spare, spareSource } = await stressProgram({ linkage });
    let exchanged = 0;
    let stored = 0;
    engine.on('moved', () => (stored += 1));
    engine.on('published', () => (stored += 1));
    const running = engine.run();
    const { start } = engine.snapshot().codeCache;
    const random = randomFrom(linkage.length);
    let most = { code: 0, retired: 0 };
    const end = performance.now() + longestMs;
    for (let round = 0; stored < publishes[linkage] && performance.now() < end; round += 1) {
      const module = modules[random(modules.length)] ?? '';
      const chance = random(1000);
      if (chance < 5) await engine.recompile(module, tiers[random(tiers.length)] ?? '');
      else if (chance < 7) {
        const { name, sources } = replacing[random(replacing.length)] ?? { name: '', sources: [] };
        await engine.replaceModule(name, sources[random(2)] ?? '');
        exchanged += 1;
      } else if (chance < 9) {
        const name = spare[random(2)] ?? '';
        await engine.removeModule(name);
        engine.addModule(name, spareSource);
        await engine.link();
        exchanged += 1;
      } else if (chance < 15) engine.compact();
      else if (chance < 25) engine.relayout([module, modules[random(modules.length)] ?? '']);
      else if (chance < 45) engine.reclaim();
      else if (chance < 400) {
        // Somewhere, unless it is taken; what can't be, must leave no trace.
        try {
          engine.move(module, start + 0x8_0000n + BigInt(random(100_000)) * 64n);
        } catch (error) {
          expect(error).toMatchObject({ code: 'MEMORY_EXHAUSTED' });
        }
      } else engine.move(module);
      if (round % 64 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        const { code, retired } = engine.snapshot().memory;
        most = { code: Math.max(most.code, code), retired: Math.max(most.retired, retired) };
      }
    }
    expect(engine.fn('mistakes')()).toBe(0n);
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    expect(stored).toBeGreaterThanOrEqual(publishes[linkage]);
    expect(exchanged).toBeGreaterThan(20);
    // What is retired and not yet looked at: some hundred copies of a few hundred bytes.
    expect(most.code).toBeLessThan(2 ** 20);
    expect(engine.snapshot().retired).toEqual([]);
  },
  120_000,
);
