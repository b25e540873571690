/** Runs a WebAssembly program under node:wasi: `node run.mjs <program.wasm> <arguments>`; paths are seen as they are. */
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [program = '', ...args] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: ['lua', ...args], preopens: { '/': '/' }, returnOnExit: true });
const module = await WebAssembly.compile(readFileSync(program));
// Safe because a WASI command exports what `start` expects, and `start` checks it.
const instance = await WebAssembly.instantiate(module, /** @type {WebAssembly.Imports} */ (wasi.getImportObject()));
process.exitCode = wasi.start(instance);
