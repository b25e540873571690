/**
 * Runs a program that leaves each of its loops at a given arrival: forced.mjs <arrival> <unit> <linkage> <modules...> -- <args...>.
 * The program owns stdout; which loops were continued goes to file descriptor 3 as JSON.
 */
import { writeSync } from 'node:fs';
import { createEngine, directory } from '../../dist/src/index.js';

const [arrival, unitText, linkageText, ...rest] = process.argv.slice(2);
const cut = rest.indexOf('--');
// The engine refuses what is no kind of unit, and no linkage.
const unit = /** @type {import('../../dist/src/index.js').UnitKind} */ (unitText);
const linkage = /** @type {import('../../dist/src/index.js').Linkage} */ (linkageText);
const cache = process.env['TIERLINK_CACHE'] ?? 'off';
const engine = createEngine({
  ...(cache === 'off' ? {} : { cache: directory(cache) }),
  control: 'inline',
  policy: 'never',
  unit,
  linkage,
  osr: { forcedAt: Number(arrival) },
});
/** @type {string[]} */
const continued = [];
/** @type {string[]} */
const failed = [];
engine.on('continued', ({ function: name, loop }) => continued.push(`${name} ${String(loop)}`));
engine.on('failed', ({ unit: name, error }) => failed.push(`${name}: ${error.message}`));
engine.addModules(rest.slice(0, cut).map((path) => ({ name: path, source: { path } })));
await engine.link();
const outcome = await engine.run('main', rest.slice(cut + 1), { ownsProcess: true });
engine.flush();
writeSync(3, JSON.stringify({ continued, failed }));
engine.exitProcess(outcome.status);
