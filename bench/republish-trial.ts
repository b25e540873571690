/** How much memory a process holds after one unit was published again and again. */
import { readFileSync } from 'node:fs';
import { createEngine } from '../src/index.js';

/** Bytes after so many publishes. */
export interface HeldMemory {
  readonly publishes: number;
  /** Of the process. */
  readonly resident: number;
  /** Of the engine's regions, versions that wait to be reclaimed included. */
  readonly used: number;
  /** Of JS, after garbage was collected. */
  readonly heap: number;
}

const tiers = ['baseline', 'quick'] as const;

/**
 * Publishes a unit.
 *
 * @param bitcode - Path of its module.
 * @param publishes - How often.
 * @param every - When to look at the memory.
 * @returns What was held each time.
 */
export async function republishTrial(
  bitcode: string,
  publishes: number,
  every: number,
): Promise<HeldMemory[]> {
  const engine = createEngine({
    unit: 'module',
    control: 'inline',
    tiers: [...tiers],
    policy: 'never',
    compileThreads: 1,
  });
  engine.addModule('unit', readFileSync(bitcode));
  engine.addModule('caller', {
    ir: 'declare i64 @step_0(i64)\ndefine i64 @start(i64 %n) {\n  %r = call i64 @step_0(i64 %n)\n  ret i64 %r\n}\n',
  });
  await engine.link();
  const start = engine.fn('start');
  const held: HeldMemory[] = [];
  for (let publish = 1; publish <= publishes; publish += 1) {
    await engine.recompile('unit', tiers[publish % 2] ?? tiers[0]);
    // Each version is entered: one that nothing ever runs could be given back more easily.
    start(100n);
    if (publish % every !== 0) continue;
    engine.reclaim();
    const { gc } = globalThis;
    if (gc === undefined) throw new Error('the process was started without --expose-gc');
    gc();
    gc();
    const { code, data, readonly, retired } = engine.snapshot().memory;
    const { heapUsed, rss } = process.memoryUsage();
    held.push({ publishes: publish, resident: rss, used: code + data + readonly + retired, heap: heapUsed });
  }
  await engine.dispose();
  return held;
}
