/** Workers one after the other attach to an engine, call hot functions, and detach; prints what each saw. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { attachEngine, createEngine } from '../../dist/src/index.js';

const source = 'define i32 @next(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}\n';

/**
 * @param {(x: number) => unknown} call
 * @param {number} x
 */
function loop(call, x) {
  let last;
  for (let i = 0; i < 100_000; i += 1) last = call(x);
  return last;
}

if (isMainThread) {
  const engine = createEngine({ policy: 'never' });
  engine.addModule('m', { ir: source });
  await engine.link();
  const seen = [];
  for (let i = 0; i < 3; i += 1) {
    const handle = engine.handle();
    const worker = new Worker(new URL(import.meta.url), {
      workerData: handle,
      transferList: [handle.port],
    });
    // Asked for before the message is waited for: on a busy machine both come at once.
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    seen.push(await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)));
    await ended;
  }
  await engine.dispose();
  process.stdout.write(JSON.stringify(seen));
} else {
  const engine = attachEngine(workerData);
  const next = engine.fn('next');
  const { road } = next;
  const result = loop(next, 41);
  engine.detach();
  let after = '';
  try {
    loop(next, 41);
  } catch (error) {
    after = error instanceof Error && 'code' in error ? String(error.code) : '';
  }
  parentPort?.postMessage({ road, result, after });
}
