/** A JS function bound to the canonical entry of a compiled one: it always runs the newest version. */
import { type ErrorCode, TierlinkError } from '../core/errors.js';
import type { Address } from '../core/ids.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import { checkCallable, parseSignature, showSignature } from './signature.js';

/** A value that crosses to compiled code: see docs/embedding for what goes with which type. */
export type CallArgument = number | bigint | boolean | null | ArrayBuffer | ArrayBufferView;
/** What comes back: i64 and pointers as `bigint`, i1 as boolean, void as undefined. */
export type CallResult = number | bigint | boolean | undefined;

/** A compiled function as a JS function. */
export interface Callable {
  /**
   * Calls on this thread.
   *
   * @throws TierlinkError ARGUMENT_INVALID, EXCEPTION_UNCAUGHT, FUNCTION_REMOVED, CALL_UNFINISHED, ENGINE_DISPOSED, and
   *   what kept a function that it calls from being compiled
   */
  (...args: readonly CallArgument[]): CallResult;
  /**
   * Calls on a thread of its own; JS goes on meanwhile.
   *
   * @throws TierlinkError ARGUMENT_INVALID, EXCEPTION_UNCAUGHT, FUNCTION_REMOVED, CALL_UNFINISHED, ENGINE_DISPOSED
   *   (as rejections)
   */
  async(...args: readonly CallArgument[]): Promise<CallResult>;
  /** The symbol it is bound to. */
  readonly symbol: string;
  /** Such as `i32 (ptr, double)`. */
  readonly signature: string;
  /** The canonical entry (I1): the function pointer that compiled code sees. */
  readonly address: bigint;
}

/** What a callable is bound to. */
export interface CallTarget {
  readonly symbol: string;
  /** Letters as in the addon's FunctionSummary. */
  readonly letters: string;
  /** How the signature is shown to people. */
  readonly type: string;
  readonly slot: Address;
  readonly stub: Address;
}

/** What a callable needs of its engine. */
export interface CallHost {
  readonly addon: NativeAddon;
  /** The live native engine. @throws TierlinkError ENGINE_DISPOSED */
  handle(operation: string): Handle;
  /** Called when a call on a thread of its own has ended. */
  settled(): void;
}

/**
 * Binds a function.
 *
 * @param host - The engine.
 * @param target - What to call.
 * @param type - Its signature, where the module does not tell or the user knows better.
 * @returns The callable.
 * @throws TierlinkError SIGNATURE_UNSUPPORTED, ENGINE_DISPOSED
 */
export function bind(host: CallHost, target: CallTarget, type?: string): Callable {
  const { symbol } = target;
  const letters = type === undefined ? target.letters : parseSignature(symbol, type);
  checkCallable(symbol, letters, type ?? target.type);
  const slot = BigInt(target.slot);
  const native = host.addon.bindFunction(host.handle(symbol), slot, letters, symbol);
  const call = (...args: readonly CallArgument[]): CallResult => {
    host.handle(symbol);
    try {
      return native(...args) as CallResult;
    } catch (error) {
      throw typed(error, symbol);
    }
  };
  const async = async (...args: readonly CallArgument[]): Promise<CallResult> => {
    const engine = host.handle(symbol);
    try {
      return (await host.addon.callAsync(engine, slot, letters, symbol, [...args])) as CallResult;
    } catch (error) {
      throw typed(error, symbol);
    } finally {
      host.settled();
    }
  };
  const signature = showSignature(letters);
  return Object.assign(call, { async, symbol, signature, address: BigInt(target.stub) });
}

/** The addon says what happened; how that reads is ours. */
function typed(error: unknown, symbol: string): unknown {
  // Control itself may have thrown, in the middle of the call.
  if (error instanceof TierlinkError || !(error instanceof Error) || !('code' in error)) return error;
  const seen = error as Error & {
    index?: number;
    expected?: string;
    found?: string;
    detailsJson?: string;
  };
  const options = { cause: error };
  switch (error.code) {
    case 'ENGINE_DISPOSED':
      return new TierlinkError('ENGINE_DISPOSED', { operation: symbol }, options);
    case 'ARGUMENT_INVALID': {
      const { index = 0, expected = 'what the signature says', found = 'this' } = seen;
      return new TierlinkError('ARGUMENT_INVALID', { symbol, index, expected, found }, options);
    }
    case 'EXCEPTION_UNCAUGHT':
      return new TierlinkError('EXCEPTION_UNCAUGHT', { symbol, reason: error.message }, options);
    case 'FUNCTION_REMOVED':
      return new TierlinkError('FUNCTION_REMOVED', { symbol, reason: error.message }, options);
    case 'CALL_UNFINISHED':
    case 'THREAD_ENDED':
    case 'PROGRAM_EXITED':
    case 'THREAD_REFUSED':
      return new TierlinkError('CALL_UNFINISHED', { symbol, reason: error.message }, options);
    case 'CALLBACK_FAILED':
    case 'RESULT_INVALID':
    default: {
      // What control said of a function that it could not compile, or a JS function ended in: details of our own errors.
      const { detailsJson = '' } = seen;
      if (detailsJson === '') return error;
      return new TierlinkError(error.code as ErrorCode, JSON.parse(detailsJson) as never, options);
    }
  }
}
