#!/usr/bin/env node
/** The file that `tierlink` starts: sets what suits a short process, then loads the command. */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { commandFlags } from './command-flags.js';
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

if (commandFlags.length > 0) {
  // Node.js has compiled its own modules ahead, without flags: those loaded later are compiled anew, 12 ms in all.
  for (const name of usedModules) process.getBuiltinModule(name);
  setFlagsFromString(commandFlags.join(' '));
}
load(join(import.meta.dirname, 'code', 'command.cjs'));
