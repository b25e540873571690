/** Control on a worker: a request for each thing to do, and events that come back. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { CallHost } from '../call/callable.js';
import { Callbacks } from '../call/callback.js';
import { TierlinkError } from '../core/errors.js';
import type { Emit, EngineEvents } from '../core/events.js';
import type { EngineCore } from '../engine/core.js';
import { type EngineOptions, settle } from '../engine/options.js';
import { type ModuleSource, plainSource } from '../engine/source.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { Control } from './control.js';
import type { EngineHandle } from './engine-handle.js';
import { watchExit } from './exit.js';
import { Line } from './line.js';
import { placeOfTrap } from './trap-place.js';
import { fromPlain, type PlainError } from './plain-error.js';
import { type AskName, type CallName, creationId, Signal } from './protocol.js';
import type { WorkerOrder } from './worker.js';

/** A worker that has said nothing for so many milliseconds will not. */
const creationMs = 60_000;

/**
 * Where the worker's code is: beside this file, built (`worker.cjs`) or only compiled, unless `TIERLINK_CONTROL` names
 * another place.
 *
 * @throws TierlinkError CONTROL_ENDED: a worker without a file would never say why
 */
function entry(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment['TIERLINK_CONTROL'];
  const beside = ['./worker.cjs', './worker.js'].map((name) => fileURLToPath(new URL(name, import.meta.url)));
  const path = named === undefined || named === '' ? (beside.find((file) => existsSync(file)) ?? '') : named;
  if (existsSync(path)) return path;
  throw new TierlinkError('CONTROL_ENDED', {
    operation: 'createEngine',
    reason: `there is no file ${path === '' ? beside.join(' or ') : path}`,
  });
}

/** Controls an engine from a worker. */
export class RemoteControl implements Control {
  readonly host: CallHost;
  readonly callbacks: Callbacks;
  readonly #addon: NativeAddon;
  readonly #worker: Worker;
  readonly #line: Line;
  readonly #signal = new Signal();
  readonly #number: bigint;
  readonly #engine: Handle;
  #isReady = false;
  #ending = false;

  /**
   * Starts the worker, and returns when it is ready.
   *
   * @param options - The user's; plain data.
   * @param emit - Gives events to observers.
   * @throws TierlinkError as `createEngine`
   */
  constructor(options: EngineOptions, emit: Emit) {
    // Here, too, so that a wrong option is refused without a thread being made.
    this.#addon = settle(options).addon;
    const { port1, port2 } = new MessageChannel();
    const order: WorkerOrder = { options, port: port2, memory: this.#signal.memory };
    // Nothing that this process preloads is needed there.
    const file = entry();
    // Its streams are its own, and it prints nothing: to join them, Node would open the process's own ones, and make
    // pipes non-blocking. Compiled code that writes to a full one would lose what it writes.
    const streams = { stdout: true, stderr: true };
    const settings = { name: 'tierlink control', argv: [], execArgv: [], transferList: [port2], ...streams };
    this.#worker = new Worker(file, { ...settings, workerData: order });
    this.#worker.unref();
    this.#line = new Line(port1, this.#signal, {
      onEvent: (event, data) => {
        emit(...received(event as keyof EngineEvents, data));
      },
      onEnd: () => {
        if (this.#isReady) this.#addon.callsEnd(this.#engine);
      },
      serve: () => this.#isReady && this.callbacks.serve(),
      isAlive: () => !this.#isReady || this.#addon.engineControlled(this.#engine),
      lost: (operation, cause) => {
        if (this.#ending) return new TierlinkError('ENGINE_DISPOSED', { operation });
        const reason = cause?.message ?? 'it does not answer';
        return new TierlinkError('CONTROL_ENDED', { operation, reason }, cause === null ? {} : { cause });
      },
    });
    this.#worker.on('error', (error: Error) => {
      this.#line.end(error);
    });
    this.#worker.on('exit', () => {
      this.#line.end(null);
    });
    try {
      // Safe because the worker answers its creation with the engine's number.
      this.#number = this.#line.wait(creationId, 'createEngine', creationMs) as bigint;
      this.#engine = this.#addon.engineAttach(this.#number);
      this.#isReady = true;
    } catch (error) {
      this.#ending = true;
      void this.#worker.terminate();
      throw error;
    }
    watchExit(this.#addon);
    this.host = {
      addon: this.#addon,
      handle: (operation) => {
        this.#line.check(operation);
        return this.#engine;
      },
      settled: () => {
        this.#line.tell('settled');
      },
      expectCallbacks: () => {
        this.#line.tell('expectCallbacks');
      },
      trappedAt: (at) => placeOfTrap(this.#addon, this.#engine, at, this.#line),
    };
    this.callbacks = new Callbacks(this.host);
  }

  call<Name extends CallName>(
    name: Name,
    ...args: Parameters<EngineCore[Name]>
  ): ReturnType<EngineCore[Name]> {
    // Safe because control answers with what the method of this name returns.
    return this.#line.call(name, args) as ReturnType<EngineCore[Name]>;
  }

  ask<Name extends AskName>(name: Name, ...args: Parameters<EngineCore[Name]>): ReturnType<EngineCore[Name]> {
    // Safe as above.
    return this.#line.ask(name, args) as ReturnType<EngineCore[Name]>;
  }

  source(module: string, source: ModuleSource): ModuleSource {
    return plainSource(module, source);
  }

  listen(event: keyof EngineEvents, isHeard: boolean): void {
    this.#signal.listen(event, isHeard);
  }

  handle(): EngineHandle {
    const { port1, port2 } = new MessageChannel();
    const memory = new SharedArrayBuffer(8);
    this.#line.call('attach', [{ port: port1, memory }], [port1]);
    return { port: port2, memory, number: this.#number };
  }

  async end(): Promise<void> {
    try {
      await this.#line.ask('end', []);
    } catch (error) {
      // Nobody is left who could end it. Its memory is free when no callable and no thread has it any more.
      if (!isLost(error)) throw error;
    } finally {
      this.#ending = true;
      this.#line.end(null);
      // Until the thread is gone, the process may not end by itself: who awaits this would never be told.
      this.#worker.ref();
      await this.#worker.terminate();
    }
  }
}

/** Whether an error says that the control thread is gone. */
export function isLost(error: unknown): boolean {
  return error instanceof TierlinkError && error.code === 'CONTROL_ENDED';
}

/** An event as it was emitted on the control thread. */
function received<Name extends keyof EngineEvents>(
  name: Name,
  data: unknown,
): [Name, Parameters<EngineEvents[Name]>[0]] {
  // Safe because the worker sends what was emitted, with the errors in it made plain.
  const event = data as Parameters<EngineEvents[Name]>[0];
  if (name !== 'failed') return [name, event];
  const { error, ...rest } = data as { readonly error: PlainError };
  return [name, { ...rest, error: fromPlain(error) } as unknown as typeof event];
}
