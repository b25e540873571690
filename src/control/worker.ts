/** The entry of the control thread: makes the engine's core, says so, and answers. */
import { type MessagePort, workerData } from 'node:worker_threads';
import type { Emit } from '../core/events.js';
import type { EngineOptions } from '../engine/options.js';
import { toPlain } from './plain-error.js';
import { creationId, poster, Signal } from './protocol.js';

/** What a control thread is started with. */
export interface WorkerOrder {
  readonly options: EngineOptions;
  readonly port: MessagePort;
  /** Of the line's signal. */
  readonly memory: SharedArrayBuffer;
}

// Safe because only `RemoteControl` starts this file, with just this.
const { options, port, memory } = workerData as WorkerOrder;
const signal = new Signal(memory);
const post = poster(port, signal);

// Who waits for an answer blocks its thread: it must be told before this thread is gone.
process.on('uncaughtExceptionMonitor', (error) => {
  post({ ended: toPlain(error) });
});

const emit: Emit = (event, data) => {
  if (!signal.hears(event)) return;
  post({ event, data: 'error' in data ? { ...data, error: toPlain(data.error) } : data });
};

async function start(): Promise<void> {
  try {
    // Not imported above, so that a file that can't be loaded is an answer, too.
    const [{ EngineCore }, { Services }] = await Promise.all([
      import('../engine/core.js'),
      import('./service.js'),
    ]);
    const core = new EngineCore(options, emit);
    new Services(core).serve(port, signal);
    post({ id: creationId, value: core.share() });
  } catch (error) {
    post({ id: creationId, error: toPlain(error) });
    port.close();
  }
}

// Not awaited here: it is built as CommonJS, too, which can't.
void start();
