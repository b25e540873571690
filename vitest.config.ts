import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Examples import the package by its name.
  resolve: { alias: { tierlink: join(import.meta.dirname, 'src/index.ts') } },
  test: {
    include: ['test/**/*.test.ts'],
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
  },
});
