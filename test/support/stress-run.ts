/** Changes a program that runs in every way and at random, and looks that it never notices. */
import { expect } from 'vitest';
import type { Engine, EngineOptions } from '../../src/index.js';
import { randomFrom, type StressProgram, stressProgram } from './stress-program.js';

/** How long a stress goes on at most; it ends when so many publishes have been made. */
const longestMs = 90_000;
const tiers = ['baseline', 'quick', 'optimized', 'peak'];

/** What happened. */
export interface StressOutcome {
  readonly engine: Engine;
  /** Versions that came into use, and those that came to lie elsewhere. */
  readonly stored: number;
  /** Modules that were replaced, or removed and added again. */
  readonly exchanged: number;
  /** The most bytes of code at a time. */
  readonly mostCode: number;
}

/**
 * Publishes, moves, compacts, replaces and removes, until it was enough.
 *
 * @param options - The engine's.
 * @param publishes - How many publishes and moves are enough.
 * @param beside - What else goes on; ends when the function that it is given returns.
 * @returns What happened. The program has ended, without a wrong result, and nothing retired is left.
 */
export async function stressed(
  options: EngineOptions,
  publishes: number,
  beside: (program: StressProgram) => Promise<() => Promise<void>> = nothing,
): Promise<StressOutcome> {
  const program = await stressProgram(options);
  const { engine, modules, replacing, spare, spareSource } = program;
  let exchanged = 0;
  let stored = 0;
  engine.on('moved', () => (stored += 1));
  engine.on('published', () => (stored += 1));
  const running = engine.run();
  const endBeside = await beside(program);
  const { start } = engine.snapshot().codeCache;
  const random = randomFrom(options.linkage?.length ?? 0);
  let mostCode = 0;
  const end = performance.now() + longestMs;
  for (let round = 0; stored < publishes && performance.now() < end; round += 1) {
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
      mostCode = Math.max(mostCode, engine.snapshot().memory.code);
    }
  }
  expect(engine.fn('mistakes')()).toBe(0n);
  await endBeside();
  engine.fn('stop')();
  expect(await running).toEqual({ how: 'return', status: 0 });
  expect(stored).toBeGreaterThanOrEqual(publishes);
  return { engine, stored, exchanged, mostCode };
}

function nothing(): Promise<() => Promise<void>> {
  return Promise.resolve(() => Promise.resolve());
}
