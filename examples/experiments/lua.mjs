/**
 * Lua's interpreter under five policies: `npx tierlink experiment examples/experiments/lua.mjs`, once `npm start` has made
 * Lua's bitcode. The script writes a line for each round, so the report has curves of rounds a second.
 */
import { readdirSync } from 'node:fs';

const bitcode = new URL('../../.cache/lua/bitcode/', import.meta.url);
const modules = readdirSync(bitcode)
  .filter((file) => file.endsWith('.bc'))
  .map((file) => new URL(file, bitcode).pathname);

/** @type {import('../../src/index.js').Experiment} */
export default {
  name: 'Lua: many small calls',
  programs: {
    calls: {
      modules,
      args: [new URL('calls.lua', import.meta.url).pathname],
      marks: { kind: 'lines' },
    },
  },
  policies: {
    counters: 'counters',
    hotspot: 'hotspot',
    v8: 'v8',
    budgeted: 'budgeted',
    'budgeted, measured': { policy: 'budgeted', rollback: true },
  },
  repetitions: 3,
  windowMs: 100,
};
