/** A worker whose JS function compiled code calls on other threads. */
import { parentPort, workerData } from 'node:worker_threads';
import { attachEngine } from '../../dist/src/index.js';

const engine = attachEngine(workerData.handle);
const { address } = engine.callback('i32 (i32)', function answer(/** @type {number} */ x) {
  if (x < 0) throw new Error('not that one');
  if (x === 1000) {
    parentPort?.postMessage('inside');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  return x + 100;
});
parentPort?.on('message', () => undefined);
parentPort?.postMessage(address);
