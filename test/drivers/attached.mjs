/** A worker that attaches to an engine and does what it is told: each message names a function to call. */
import { parentPort, workerData } from 'node:worker_threads';
import { attachEngine } from '../../dist/src/index.js';

const engine = attachEngine(workerData.handle);
const stop = new Int32Array(workerData.stop);
/** @type {Map<string, import('../../dist/src/index.js').Callable>} */
const bound = new Map();

/** Calls as often as it can until it is stopped, and counts what is wrong. */
function shake() {
  const mix = engine.fn('mix');
  let rounds = 0;
  let mistakes = 0;
  while (Atomics.load(stop, 0) === 0) {
    for (let n = 0n; n < 100n; n += 1n) if (mix(n, 7n) !== n * 3n + 7n + (n ^ 5n)) mistakes += 1;
    rounds += 1;
    if (rounds % 50 === 0 && engine.fn('mix')(1n, 1n) !== 8n) mistakes += 1;
  }
  return { rounds, mistakes, control: engine.snapshot().control };
}

/**
 * @param {{ call?: string, async?: string }} message
 */
async function answer(message) {
  if (message.async !== undefined) return engine.fn(message.async).async();
  const name = message.call ?? '';
  if (name === 'shake') return shake();
  if (name === 'detach') return engine.detach();
  const callable = bound.get(name) ?? engine.fn(name);
  bound.set(name, callable);
  parentPort?.postMessage({ calling: name });
  return callable();
}

parentPort?.on('message', (message) => {
  answer(message).then(
    (value) => parentPort?.postMessage({ value }),
    (error) => parentPort?.postMessage({ code: error.code, details: error.details }),
  );
});
parentPort?.postMessage({ ready: true });
