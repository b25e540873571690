#!/usr/bin/env node
/** The file that `tierlink` starts: sets what suits a short process, then loads the command. */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { load } from './load.js';

/** Modules of Node.js that each program that is run needs. */
const usedModules = [
  'node:child_process',
  'node:crypto',
  'node:module',
  'node:os',
  'node:perf_hooks',
  'node:process',
  'node:vm',
  'node:worker_threads',
];

// V8 optimises a function after three times so many bytes of its bytecode have run, 67,584 by default. Start-up is over
// before that pays, and control, which runs for longer, gets there, too. Node.js 20 only: those after it have no such flag,
// and V8 writes a message about one that it does not know. docs/startup.md has the figures.
if (process.versions.v8.startsWith('11.3.')) {
  // Node.js compiles its own modules ahead, without flags: those loaded later are compiled anew, 12 ms in all.
  for (const name of usedModules) process.getBuiltinModule(name);
  setFlagsFromString('--interrupt-budget=1000000 --semi-space-growth-factor=16');
}
load(join(import.meta.dirname, 'code', 'command.cjs'));
