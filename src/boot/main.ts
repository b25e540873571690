#!/usr/bin/env node
/** The file that `tierlink` starts: sets what suits a short process, then loads the command. */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { load } from './load.js';

// V8 optimises a function of JavaScript after so many bytes of bytecode, by default about 130,000. Start-up is over before
// its functions pay for that; what control does for hours still gets there. Unknown flags are ignored by V8.
setFlagsFromString('--interrupt-budget=1000000');
load(join(import.meta.dirname, 'code', 'command.cjs'));
