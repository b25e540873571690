import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    globalSetup: 'test/support/lua-setup.mjs',
    // Tests compile what they run, and leave the user's own cache alone.
    env: { TIERLINK_CACHE: 'off' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**', 'stubs/**', 'tiers/**'], reportsDirectory: 'coverage' },
  },
});
