/** Engines for tests, ended when the test has. */
import { onTestFinished } from 'vitest';
import { createEngine, type Engine, type EngineOptions, type Linkage } from '../../src/index.js';

/** All linkages, for tests that hold in each. */
export const linkages: readonly Linkage[] = ['stub', 'offset-table', 'direct'];

/** An engine that leaves every unit where it is, unless the options say otherwise. */
export function engineFor(options: EngineOptions = {}): Engine {
  const engine = createEngine({ policy: 'never', ...options });
  onTestFinished(async () => {
    await engine.dispose();
  });
  return engine;
}

/** Settles after the event loop has turned for so many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
