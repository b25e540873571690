import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests that compare times, or count what is done in a time: each has the machine for itself. */
const alone = ['scale/*', 'stress/*', 'integration/rollback'].map((name) => `test/${name}.test.ts`);

export default defineConfig({
  // Examples import the package by its name.
  resolve: { alias: { tierlink: join(import.meta.dirname, 'src/index.ts') } },
  test: {
    pool: 'forks',
    globalSetup: ['test/support/dist-setup.mjs', 'test/support/lua-setup.mjs'],
    // Tests compile what they run, and leave the user's own cache alone. A worker is started by Node itself, which doesn't read TypeScript.
    env: {
      TIERLINK_CACHE: 'off',
      TIERLINK_CONTROL: join(import.meta.dirname, 'dist/src/worker.cjs'),
    },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**', 'stubs/**', 'tiers/**'], reportsDirectory: 'coverage' },
    projects: [
      {
        extends: true,
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: alone, maxWorkers: 2 },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
