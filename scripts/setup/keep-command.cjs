/** Runs the command as it would run, and keeps what V8 has compiled when it ends. Words: dist/src, the command's. */
const { join } = require('node:path');

const [, , folder = '', ...words] = process.argv;
const { keep } = require(join(folder, 'load.cjs'));
process.once('exit', keep);
process.argv = [process.execPath, join(folder, 'main.cjs'), ...words];
require(join(folder, 'main.cjs'));
