/**
 * `npm start [-- <script.lua> <arguments>]`: set-up, then Lua 5.4 on the tiered JIT with a live table of what it does.
 * `npm start -- rill <words>`: set-up, then the example language.
 */
import { join } from 'node:path';
import { ensureLua } from './lua.mjs';
import { ensureRill } from './rill.mjs';
import { runAttached } from './setup/command.mjs';
import { runScript } from './setup/failure.mjs';
import { root } from './setup/places.mjs';
import { setUp } from './setup/steps.mjs';

const words = process.argv.slice(2);

await runScript(() => (words[0] === 'rill' ? runRill(words.slice(1)) : runLua(words)));

/** @param {readonly string[]} own - The script and its arguments; the demo if there are none. */
async function runLua(own) {
  await setUp('run');
  const modules = await ensureLua();
  const program = own.length > 0 ? own : [join('examples', 'lua', 'demo.lua')];
  const command = join(root, 'dist', 'src', 'main.cjs');
  const options = ['--live', '--argv0', 'lua'];
  const status = await runAttached(process.execPath, [
    command,
    'run',
    ...options,
    ...modules,
    '--',
    ...program,
  ]);
  if (own.length === 0) {
    process.stderr.write(
      '\nThere is more: a small language whose programs are edited while they run.\n' +
        '  npm start -- rill watch examples/rill/programs/clock.rill\n',
    );
  }
  return status;
}

/** @param {readonly string[]} own - Words for its command, which says what there are if there are none. */
async function runRill(own) {
  await setUp('language');
  return runAttached(process.execPath, [await ensureRill(), ...own]);
}
