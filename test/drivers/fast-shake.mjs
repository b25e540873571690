/**
 * A worker that attaches to an engine and makes fast calls until it is stopped, with and without a callback that lives; counts
 * what is wrong.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { attachEngine } from '../../dist/src/index.js';

const engine = attachEngine(workerData.handle);
const stop = new Int32Array(workerData.stop);
const mix = engine.fn('mix');
const apply = engine.fn('apply', { pointers: 'number' });
let gone = engine.fn('gone');
parentPort?.postMessage('ready');
let rounds = 0;
let mistakes = 0;
let removed = 0;
let fast = 0;

/** @param {number} x */
const isMix = (x) => {
  const got = mix(x);
  return got === ((x * 3 + (x ^ 5)) | 0) || got === ((x * 3 + (x ^ 9)) | 0);
};

function mixing() {
  for (let x = 0; x < 2000; x += 1) if (!isMix(x)) mistakes += 1;
}

function going() {
  for (let x = 0; x < 200; x += 1) if (gone(x) !== x + 1) mistakes += 1;
}

/** The function is there, or it says that it isn't. */
function coming() {
  try {
    going();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'FUNCTION_REMOVED')) throw error;
    removed += 1;
    try {
      gone = engine.fn('gone');
    } catch (unknown) {
      const code = unknown instanceof Error && 'code' in unknown ? unknown.code : '';
      if (code !== 'SYMBOL_UNKNOWN' && code !== 'NOT_LINKED') throw unknown;
    }
  }
}

function calling() {
  const callback = engine.callback('i32 (i32)', (/** @type {number} */ x) => (isMix(x) ? x + 2 : 0));
  const at = Number(callback.address);
  for (let x = 1; x < 200; x += 1) if (apply(at, x) !== x + 2) mistakes += 1;
  mixing();
  callback.free();
}

try {
  while (Atomics.load(stop, 0) === 0) {
    mixing();
    coming();
    if (rounds % 20 === 0) calling();
    if (mix.road === 'fast') fast += 1;
    rounds += 1;
  }
  parentPort?.postMessage({ rounds, mistakes, removed, fast });
} catch (error) {
  parentPort?.postMessage({ failure: String(error) });
}
engine.detach();
