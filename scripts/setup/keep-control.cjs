/**
 * Runs an engine that is controlled from a worker, and keeps what V8 has compiled there. Started as a worker, it is that
 * worker. Words: dist/src, modules.
 */
const { join } = require('node:path');
const { BroadcastChannel, isMainThread } = require('node:worker_threads');

const channel = new BroadcastChannel('tierlink: code cache');

async function control() {
  const [, , folder = '', ...paths] = process.argv;
  process.env['TIERLINK_CONTROL'] = module.filename;
  process.env['TIERLINK_BUILT'] = folder;
  const { createEngine } = await import(join(folder, 'index.js'));
  const engine = createEngine({ control: 'worker' });
  for (const path of paths) engine.addModule(path, { path });
  await engine.link();
  engine.fn('other');
  const kept = new Promise((resolve) => (channel.onmessage = resolve));
  channel.postMessage('keep');
  await kept;
  channel.close();
  await engine.dispose();
}

if (isMainThread) void control();
else {
  const folder = process.env['TIERLINK_BUILT'] ?? '';
  channel.onmessage = () => {
    require(join(folder, 'load.cjs')).keep();
    channel.postMessage('kept');
  };
  channel.unref();
  require(join(folder, 'worker.cjs'));
}
