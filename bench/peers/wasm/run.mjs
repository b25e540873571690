/** Runs a WebAssembly program under node:wasi: `node run.mjs <program.wasm> <arguments>`; paths are seen as they are. */
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [program = '', ...args] = process.argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: ['lua', ...args],
  preopens: { '/': '/' },
  returnOnExit: true,
});
const module = new WebAssembly.Module(readFileSync(program));
process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
