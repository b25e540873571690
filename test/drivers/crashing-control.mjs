/** A control thread that can be made to crash: for the tests of what is left then. */
import { BroadcastChannel } from 'node:worker_threads';

const channel = new BroadcastChannel('tierlink test: crash');
channel.onmessage = (/** @type {any} */ { data }) => {
  if (data === 'exit') process.exit(0);
  throw new Error('as the test wanted');
};
channel.unref();
await import(new URL('../../dist/src/worker.cjs', import.meta.url).href);
