#!/usr/bin/env node
/** The file that `tierlink` starts: sets what suits a short process, then loads the command. */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { load } from './load.js';

// V8 optimises a function after three times so many bytes of its bytecode have run, 67,584 by default. Start-up is over
// before that pays, and control, which runs for longer, gets there, too. Node.js 20 only: those after it have no such flag,
// and V8 writes a message about one that it does not know. docs/startup.md has the figures.
if (process.versions.v8.startsWith('11.3.')) setFlagsFromString('--interrupt-budget=1000000');
load(join(import.meta.dirname, 'code', 'command.cjs'));
