/** Engines for tests, ended when the test has. */
import { onTestFinished } from 'vitest';
import {
  type ControlKind,
  createEngine,
  type Engine,
  type EngineOptions,
  type Linkage,
  type EngineSnapshot,
} from '../../src/index.js';

/** All linkages, for tests that hold in each. */
export const linkages: readonly Linkage[] = ['stub', 'offset-table', 'direct'];

/** Where engines of tests are controlled from; in line what is tested is the sources, not dist/. */
let usual: ControlKind = 'inline';

/** From now on engines of tests are controlled from elsewhere, those with parts of their own excepted. */
export function useControl(control: ControlKind): void {
  usual = control;
}

/** An engine that leaves every unit where it is, unless the options say otherwise. */
export function engineFor(options: EngineOptions = {}): Engine {
  const isBound = options.parts !== undefined || typeof options.policy === 'object';
  const control = isBound ? 'inline' : usual;
  const unit = process.env['TEST_UNIT'] === 'function' ? 'function' : 'module';
  const engine = createEngine({ policy: 'never', control, unit, ...options });
  onTestFinished(async () => {
    await engine.dispose();
  });
  return engine;
}

/**
 * Reclaims until every thread could be examined and no more than some versions are left: on a busy machine a thread may
 * not run for a while.
 *
 * @returns What it saw last: control looks again by itself, and may not find a thread that was there before.
 */
export async function examined(engine: Engine, left: number): Promise<EngineSnapshot> {
  let seen = engine.snapshot();
  const isDone = (): boolean =>
    seen.retired.length <= left && seen.retired.every(({ hold }) => hold === 'referred');
  for (let look = 0; look < 1000 && !isDone(); look += 1) {
    await pause(2);
    engine.reclaim();
    seen = engine.snapshot();
  }
  return seen;
}

/** Publishes new versions of modules, and so fills the memory of those that are reclaimed with others. */
export async function churn(engine: Engine, modules: readonly string[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const module of modules) await engine.recompile(module, round % 2 === 0 ? 'quick' : 'optimized');
    engine.reclaim();
    engine.compact();
  }
}

/** Settles after the event loop has turned for so many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
