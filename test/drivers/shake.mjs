/**
 * Runs a program while its modules are recompiled, moved and compacted at random moments: shake.mjs <linkage> <manager> <unit> <seed> <modules...> -- <args...>.
 * The program owns stdout; what happened goes to file descriptor 3 as JSON.
 */
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createEngine, dualMappedMemory, mprotectMemory } from '../../dist/src/index.js';

const [linkageText, managerName, unitText, seedText, ...rest] = process.argv.slice(2);
const cut = rest.indexOf('--');
const modules = rest.slice(0, cut);
const args = rest.slice(cut + 1);
// The engine refuses what is no linkage, and no kind of unit.
const linkage = /** @type {import('../../dist/src/index.js').Linkage} */ (linkageText);
const unit = /** @type {import('../../dist/src/index.js').UnitKind} */ (unitText);
const tiers = ['baseline', 'quick', 'optimized', 'peak'];

// A linear congruential generator (Numerical Recipes' constants), so that a seed gives one order of moments.
let state = Number(seedText) >>> 0;
/** @param {number} below */
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

/** `default` is made by the engine itself, and not checked as those are that a user gives. */
const parts = {
  default: () => ({}),
  dualMapped: () => ({ memoryManager: dualMappedMemory() }),
  mprotect: () => ({ memoryManager: mprotectMemory() }),
}[managerName ?? ''];
if (parts === undefined) throw new Error(`no manager ${String(managerName)}`);
const engine = createEngine({ linkage, unit, policy: 'never', parts: parts() });
/** @type {Record<string, number>} */
const swaps = {};
let moves = 0;
/** @type {string[]} What audits found while the program ran. */
const violations = [];
let running = false;
engine.on('moved', () => {
  if (running) moves += 1;
});
engine.on('published', ({ tier }) => {
  if (running) swaps[tier] = (swaps[tier] ?? 0) + 1;
});
for (const path of modules) engine.addModule(path, { path });
await engine.link();

let ended = false;
const shaking = (async () => {
  const names = engine.snapshot().modules.map(({ name }) => name);
  for (let round = 0; !ended; round += 1) {
    for (let move = 1 + random(12); move > 0; move -= 1) engine.move(names[random(names.length)] ?? '');
    const module = modules[random(modules.length)] ?? '';
    // Lua's largest module takes half a second at a high tier: the first swaps are quick ones, so that a short run sees some.
    const tier = round < 6 ? 'baseline' : tiers[Math.min(random(tiers.length), random(tiers.length))];
    await engine.recompile(module, tier ?? 'baseline');
    if (round % 3 === 0) violations.push(...engine.audit().violations.map(({ message }) => message));
    if (random(6) === 0) engine.compact();
    if (random(6) === 0) engine.relayout([0, 1, 2].map(() => names[random(names.length)] ?? ''));
    if (random(8) === 0) await pause(random(3));
  }
})();
running = true;
const outcome = await engine.run('main', ['lua', ...args], { ownsProcess: true });
running = false;
ended = true;
await shaking;
writeSync(3, JSON.stringify({ swaps, moves, violations, failures: engine.snapshot().compiling, outcome }));
engine.exitProcess(outcome.status);
