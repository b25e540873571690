/**
 * Runs a program while its modules are recompiled at random moments: shake.mjs <linkage> <seed> <modules...> -- <args...>.
 * The program owns stdout; what happened goes to file descriptor 3 as JSON.
 */
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createEngine } from '../../dist/src/index.js';

const [linkageText, seedText, ...rest] = process.argv.slice(2);
const cut = rest.indexOf('--');
const modules = rest.slice(0, cut);
const args = rest.slice(cut + 1);
const linkage = linkageText === 'offset-table' ? 'offset-table' : 'stub';
const tiers = ['baseline', 'quick', 'optimized', 'peak'];

// A linear congruential generator (Numerical Recipes' constants), so that a seed gives one order of moments.
let state = Number(seedText) >>> 0;
/** @param {number} below */
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const engine = createEngine({ linkage, policy: 'never' });
/** @type {Record<string, number>} */
const swaps = {};
let running = false;
engine.on('published', ({ tier }) => {
  if (running) swaps[tier] = (swaps[tier] ?? 0) + 1;
});
for (const path of modules) engine.addModule(path, { path });
await engine.link();

let ended = false;
const shaking = (async () => {
  for (let round = 0; !ended; round += 1) {
    const module = modules[random(modules.length)] ?? '';
    // Lua's largest module takes half a second at a high tier: the first swaps are quick ones, so that a short run sees some.
    const tier = round < 6 ? 'baseline' : tiers[Math.min(random(tiers.length), random(tiers.length))];
    await engine.recompile(module, tier ?? 'baseline');
    if (random(8) === 0) await pause(random(3));
  }
})();
running = true;
const outcome = await engine.run('main', ['lua', ...args], { ownsProcess: true });
running = false;
ended = true;
await shaking;
writeSync(3, JSON.stringify({ swaps, failures: engine.snapshot().compiling, outcome }));
engine.exitProcess(outcome.status);
