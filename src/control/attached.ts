/** An engine on a thread that did not create it: its functions can be called there. */
import { bind, type Callable, type CallHost, type FnOptions } from '../call/callable.js';
import { type Callback, Callbacks, type HostFunction } from '../call/callback.js';
import { TierlinkError } from '../core/errors.js';
import type { CallTarget } from '../call/callable.js';
import type { EngineSnapshot } from '../engine/snapshot.js';
import type { Handle } from '../native/contract.js';
import { loadAddon } from '../native/loader.js';
import type { EngineHandle } from './engine-handle.js';
import { Line } from './line.js';
import { placeOfTrap } from './trap-place.js';
import { Signal } from './protocol.js';

/** An engine that another thread created. Made by {@link attachEngine}. */
export class AttachedEngine {
  readonly #line: Line;
  readonly #host: CallHost;
  readonly #callbacks: Callbacks;

  /** @internal Use {@link attachEngine}. */
  constructor({ port, memory, number }: EngineHandle) {
    const addon = loadAddon();
    const engine = attach(number);
    const lost = (operation: string): TierlinkError => new TierlinkError('ENGINE_DISPOSED', { operation });
    const isAlive = (): boolean => addon.engineControlled(engine);
    const serve = (): boolean => this.#callbacks.serve();
    const onEnd = (): void => {
      addon.callsEnd(engine);
    };
    this.#line = new Line(port, new Signal(memory), {
      onEvent: () => undefined,
      onEnd,
      serve,
      isAlive,
      lost,
    });
    port.on('close', () => {
      this.#line.end(null);
    });
    this.#host = {
      addon,
      handle: (operation) => {
        this.#line.check(operation);
        return engine;
      },
      settled: () => {
        this.#line.tell('settled');
      },
      expectCallbacks: () => {
        this.#line.tell('expectCallbacks');
      },
      trappedAt: (at) => placeOfTrap(addon, engine, at, this.#line),
    };
    this.#callbacks = new Callbacks(this.#host);
  }

  /**
   * Binds a function for calls from this thread; see `Engine.fn`. This thread waits for control to say where it is.
   *
   * @param name - Linker name of a function that a linked module defines.
   * @param options - As for `Engine.fn`.
   * @returns The callable.
   * @throws TierlinkError ENGINE_DISPOSED, SYMBOL_UNKNOWN, NOT_LINKED, SIGNATURE_UNSUPPORTED, OPTION_INVALID
   */
  fn(name: string, options: FnOptions = {}): Callable {
    // Safe because control answers with what `EngineCore.target` returns.
    return bind(this.#host, this.#line.call('target', [name]) as CallTarget, options);
  }

  /**
   * A function pointer to a JS function of this thread; see `Engine.callback`. It is freed when this thread detaches, or
   * ends.
   *
   * @param signature - Its type, such as `i32 (ptr, ptr)`.
   * @param call - The function.
   * @returns The callback.
   * @throws TierlinkError ENGINE_DISPOSED, SIGNATURE_UNSUPPORTED
   */
  callback(signature: string, call: HostFunction): Callback {
    return this.#callbacks.make(call.name || 'callback', signature, call);
  }

  /**
   * What the engine looks like now.
   *
   * @returns Plain data.
   * @throws TierlinkError ENGINE_DISPOSED
   */
  snapshot(): EngineSnapshot {
    // Safe because control answers with what `EngineCore.snapshot` returns.
    return this.#line.call('snapshot', []) as EngineSnapshot;
  }

  /** Lets go of the engine. Callables and callbacks of this thread are dead afterwards. Calling it again does nothing. */
  detach(): void {
    this.#line.end(null);
    this.#callbacks.freeAll();
  }
}

/**
 * Attaches this thread to an engine that another one created. It keeps neither thread alive.
 *
 * @param handle - What `Engine.handle` gave, as it was received here.
 * @returns The engine, for calls.
 * @throws TierlinkError ENGINE_DISPOSED, PLATFORM_UNSUPPORTED, ADDON_MISSING
 *
 * @example
 * ```ts
 * // main thread
 * const handle = engine.handle();
 * new Worker('./calls.js', { workerData: handle, transferList: [handle.port] });
 * // calls.js
 * const engine = attachEngine(workerData);
 * engine.fn('twice')(21); // 42
 * ```
 */
export function attachEngine(handle: EngineHandle): AttachedEngine {
  return new AttachedEngine(handle);
}

function attach(number: bigint): Handle {
  try {
    return loadAddon().engineAttach(number);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENGINE_DISPOSED') {
      throw new TierlinkError('ENGINE_DISPOSED', { operation: 'attachEngine' }, { cause });
    }
    throw cause;
  }
}
