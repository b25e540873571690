/** How an engine is named to another thread. */
import type { MessagePort } from 'node:worker_threads';

/**
 * Names a running engine to one other thread of the process. It can be posted, once, with its port in the transfer
 * list: `worker.postMessage(handle, [handle.port])`.
 */
export interface EngineHandle {
  /** The line to control; it goes into the transfer list. */
  readonly port: MessagePort;
  /** Shared with control. */
  readonly memory: SharedArrayBuffer;
  /** The engine's number in this process. */
  readonly number: bigint;
}
