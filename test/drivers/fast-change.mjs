/** A worker is inside a fast call when what it calls is replaced by what calls back; prints what the worker saw. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { setImmediate as turn } from 'node:timers/promises';
import { attachEngine, createEngine, readMemory } from '../../dist/src/index.js';

const spin = `declare i32 @step(i32)
@entered = global i32 0
define i32 @spin(i32 %times) {
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %next, %loop ]
  store volatile i32 %i, ptr @entered
  %s = call i32 @step(i32 %i)
  %next = add i32 %i, 1
  %on = icmp ult i32 %next, %times
  br i1 %on, label %loop, label %end
end:
  ret i32 %s
}
define ptr @where() {
  ret ptr @entered
}
`;
const quiet = '@hook = global ptr null\ndefine i32 @step(i32 %x) {\n  ret i32 %x\n}\n';
const loud = `@hook = global ptr null
define i32 @step(i32 %x) {
  %hook = load ptr, ptr @hook
  %set = icmp ne ptr %hook, null
  br i1 %set, label %call, label %end
call:
  %r = call i32 %hook(i32 %x)
  ret i32 %r
end:
  ret i32 %x
}
`;
const setter =
  '@hook = external global ptr\ndefine void @set(ptr %to) {\n  store ptr %to, ptr @hook\n  ret void\n}\n';

if (isMainThread) {
  const engine = createEngine({ policy: 'never', tiers: ['baseline'] });
  engine.addModules([
    { name: 'spin', source: { ir: spin } },
    { name: 'step', source: { ir: quiet } },
    { name: 'set', source: { ir: setter } },
  ]);
  await engine.link();
  const handle = engine.handle();
  const worker = new Worker(new URL(import.meta.url), { workerData: handle, transferList: [handle.port] });
  const said = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const entered = BigInt(String(engine.fn('where')()));
  // More rounds than it is warmed up with.
  const rounds = () => new DataView(readMemory(entered, 4).buffer).getInt32(0, true);
  while (rounds() < 1000) {
    await turn();
  }
  await engine.replaceModule('step', { ir: loud });
  process.stdout.write(JSON.stringify(await said));
  await engine.dispose();
} else {
  const engine = attachEngine(workerData);
  const calls = [];
  const callback = engine.callback('i32 (i32)', (x) => {
    // By the other road it would go on for minutes.
    if (calls.length > 10) throw new Error('it came by the other road');
    return calls.push(x);
  });
  engine.fn('set')(callback.address);
  const call = engine.fn('spin');
  const { road } = call;
  /** @param {number} times */
  const once = (times) => call(times);
  for (let i = 0; i < 100_000; i += 1) once(3);
  let code = '';
  try {
    once(2 ** 32 - 1);
  } catch (error) {
    code = error instanceof Error && 'code' in error ? String(error.code) : '';
  }
  // From now on it comes to the callback, by the other road.
  const after = engine.fn('spin');
  const result = after(3);
  parentPort?.postMessage({ road, code, later: after.road, result, calls: calls.length });
  callback.free();
  engine.detach();
}
