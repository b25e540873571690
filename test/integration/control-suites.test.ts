/** Suites that hold whoever controls the engine, once more with control on a worker. */
import { describe } from 'vitest';
import { useControl } from '../support/engine.js';

useControl('worker');

describe('with control on a worker', async () => {
  await import('./sources.test.js');
  await import('./invariants.test.js');
  await import('./group.test.js');
  await import('./replace.test.js');
  await import('./remove.test.js');
  await import('./errors.test.js');
  await import('./add-modules.test.js');
});
