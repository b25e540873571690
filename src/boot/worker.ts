/** The file that a control thread starts: loads what controls an engine. V8's flags are the user's here. */
import { join } from 'node:path';
import { load } from './load.js';

load(join(import.meta.dirname, 'code', 'control.cjs'));
