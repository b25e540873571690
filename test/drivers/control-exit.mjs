/** Processes that end in some way while another thread is busy; the word says how. */
import { Worker } from 'node:worker_threads';
import { createEngine } from '../../dist/src/index.js';

const word = process.argv[2];
const engine = createEngine({ policy: 'never' });
const never = 'define i32 @never() {\n  br label %again\nagain:\n  br label %again\n}\n';
const once = 'define i32 @once() {\n  ret i32 7\n}\n';

switch (word) {
  // Nothing is left to do: the engine alone keeps no process alive.
  case 'idle':
    engine.addModule('once', once);
    await engine.link();
    console.log(engine.fn('once')());
    break;
  // What was asked for does.
  case 'pending':
    engine.addModule('once', once);
    void engine.link().then(() => console.log(engine.fn('once')()));
    break;
  // A constructor that never returns holds the control thread.
  case 'constructor': {
    const list =
      '@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @start, ptr null }]\n' +
      'define internal void @start() {\n  %x = call i32 @never()\n  ret void\n}\n';
    engine.addModule('never', never + list);
    void engine.link();
    setTimeout(() => process.exit(3), 300);
    break;
  }
  // Control compiles.
  case 'busy':
    for (let i = 0; i < 300; i += 1) engine.addModule(`m${i}`, once.replace('once', `once${i}`));
    void engine.link();
    setTimeout(() => process.exit(4), 20);
    break;
  // A worker that attached never comes back.
  case 'attached': {
    engine.addModule('never', never);
    await engine.link();
    const handle = engine.handle();
    const data = { handle, stop: new SharedArrayBuffer(4) };
    const worker = new Worker(new URL('./attached.mjs', import.meta.url), {
      workerData: data,
      transferList: [handle.port],
    });
    worker.on('message', (message) => {
      if (message.ready === true) worker.postMessage({ call: 'never' });
      if (message.calling === 'never') setTimeout(() => process.exit(5), 100);
    });
    break;
  }
  default:
    throw new Error(`no such word: ${word}`);
}
