/** JS functions that compiled code calls, as function pointers. */
import type { Handle } from '../native/contract.js';
import type { CallHost } from './callable.js';
import { checkCallable, parseSignature, showSignature } from './signature.js';

/**
 * A JS function that compiled code can call: with i64 and pointers as `bigint`, i1 as boolean. What it returns must fit its type; whatever it returns for `void` is
 * dropped.
 */
// Any: functions with parameters of fewer types are to be taken, and what they are called with is checked by nobody else.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type HostFunction = (...args: any[]) => unknown;

/** A JS function as compiled code sees it. */
export interface Callback {
  /** The function pointer. It never changes, and is never unmapped. */
  readonly address: bigint;
  /** Such as `i32 (ptr, ptr)`. */
  readonly signature: string;
  /**
   * From now on compiled code that calls it gets CALLBACK_FAILED; a call that is under way comes to its end. Calling it
   * again does nothing.
   */
  free(): void;
}

type CallbackHost = Pick<CallHost, 'addon' | 'handle' | 'expectCallbacks'>;

/** What {@link HostFunction}s of one engine on one thread of JS need. */
export class Callbacks {
  readonly #host: CallbackHost;
  readonly #live = new Set<Handle>();
  #isFirst = true;

  /** @param host - The engine. */
  constructor(host: CallbackHost) {
    this.#host = host;
  }

  /**
   * Makes a function pointer.
   *
   * @param name - The function's name, for messages.
   * @param signature - Its type, such as `i32 (ptr, ptr)`.
   * @param call - The function.
   * @returns The callback, with the letters of its signature.
   * @throws TierlinkError SIGNATURE_UNSUPPORTED, ENGINE_DISPOSED
   */
  make(name: string, signature: string, call: HostFunction): Callback & { readonly letters: string } {
    const letters = parseSignature(name, signature);
    checkCallable(name, letters, signature);
    const { addon } = this.#host;
    const native = addon.callbackCreate(this.#host.handle(`callback ${name}`), letters, name, call);
    if (this.#isFirst) this.#host.expectCallbacks();
    this.#isFirst = false;
    this.#live.add(native);
    return {
      address: addon.callbackAddress(native),
      signature: showSignature(letters),
      letters,
      free: () => {
        this.#live.delete(native);
        addon.callbackFree(native);
      },
    };
  }

  /**
   * Serves calls of other threads, as this one is about to wait for something.
   *
   * @returns Whether there may be more of them.
   */
  serve(): boolean {
    if (this.#live.size === 0) return false;
    this.#host.addon.callbacksServe();
    return true;
  }

  /** Frees all: the engine ends, or this thread lets go of it. */
  freeAll(): void {
    for (const native of this.#live) this.#host.addon.callbackFree(native);
    this.#live.clear();
  }
}
