/** `npm start [-- <script.lua> <arguments>]`: set-up, then Lua 5.4 on the tiered JIT with a live table of what it does. */
import { join } from 'node:path';
import { ensureLua } from './lua.mjs';
import { runAttached } from './setup/command.mjs';
import { runScript } from './setup/failure.mjs';
import { root } from './setup/places.mjs';
import { setUp } from './setup/steps.mjs';

await runScript(async () => {
  await setUp('run');
  const modules = await ensureLua();
  const own = process.argv.slice(2);
  const program = own.length > 0 ? own : [join('examples', 'lua', 'demo.lua')];
  const command = join(root, 'dist', 'src', 'main.cjs');
  return runAttached(process.execPath, [
    command,
    'run',
    '--live',
    '--argv0',
    'lua',
    ...modules,
    '--',
    ...program,
  ]);
});
