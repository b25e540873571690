/** A JS function bound to the canonical entry of a compiled one: it always runs the newest version. */
import { type ErrorCode, TierlinkError, type TrapKind } from '../core/errors.js';
import type { Address } from '../core/ids.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import { fastFunction, type MakeFast, type Native } from './fast-function.js';
import { checkCallable, parseSignature, showSignature } from './signature.js';

/** A value that crosses to compiled code: see docs/embedding for what goes with which type. */
export type CallArgument = number | bigint | boolean | string | null | ArrayBuffer | ArrayBufferView;
/** What comes back: i64 and pointers as `bigint`, i1 as boolean, void as undefined. */
export type CallResult = number | bigint | boolean | undefined;

/** A compiled function as a JS function. */
export interface Callable {
  /**
   * Calls on this thread.
   *
   * @throws TierlinkError ARGUMENT_INVALID, EXCEPTION_UNCAUGHT, FUNCTION_REMOVED, CALL_UNFINISHED, CALLBACK_FAILED, RESULT_INVALID, TRAPPED,
   *   ENGINE_DISPOSED, what a JS function threw, and
   *   what kept a function that it calls from being compiled
   */
  (...args: readonly CallArgument[]): CallResult;
  /**
   * Calls on a thread of a pool, which has as many as there are calls; JS goes on meanwhile.
   *
   * @throws TierlinkError as for a call on this thread (as rejections)
   */
  async(...args: readonly CallArgument[]): Promise<CallResult>;
  /**
   * As {@link async}, but stops waiting when a signal says so. The call itself goes on to its end, and keeps its buffers
   * until then.
   *
   * @param signal - Rejects the promise with its reason.
   * @param args - The arguments.
   * @throws whatever the signal's reason is, and as {@link async} (as rejections)
   */
  abortable(signal: AbortSignal, ...args: readonly CallArgument[]): Promise<CallResult>;
  /**
   * Which way calls on this thread take now: `fast` straight out of optimised JS, `napi` by Node-API. See docs/embedding
   * for when it is which.
   */
  readonly road: 'fast' | 'napi';
  /** The symbol it is bound to. */
  readonly symbol: string;
  /** Such as `i32 (ptr, double)`. */
  readonly signature: string;
  /** The canonical entry (I1): the function pointer that compiled code sees. */
  readonly address: bigint;
}

/** What the addon tells of a trap. */
interface NativeTrap {
  readonly trap: TrapKind;
  readonly signal: string;
  readonly at: bigint;
  /** Absent where the processor does not tell. */
  readonly address: bigint;
}

/** How a function is bound. */
export interface FnOptions {
  /** Needed for functions of ELF objects, which name no types: such as `i32 (ptr, double)`. */
  readonly signature?: string;
  /**
   * How an i64 that the function returns is seen. As `number` only integers up to 2^53 - 1 can be; others are
   * RESULT_INVALID. Both are taken as arguments either way.
   * @defaultValue `'bigint'`
   */
  readonly i64?: 'bigint' | 'number';
  /**
   * How a pointer that the function returns is seen. As `number`, numbers are taken as arguments, too; what else is taken
   * stays the same.
   * @defaultValue `'bigint'`
   */
  readonly pointers?: 'bigint' | 'number';
  /**
   * `napi` keeps it off the fast road: for a function that comes to JS by a pointer that tierlink did not make.
   * @defaultValue the fastest road that there is
   */
  readonly road?: 'napi';
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

/** Where in compiled code an address lies. */
export interface CodePlace {
  readonly function: string;
  readonly module: string;
  readonly tier: string;
  /** Bytes from the function's start; of a call, of its last byte. */
  readonly offset: number;
  /** Where it comes from, as far as debug info says. */
  readonly file: string | undefined;
  readonly line: number | undefined;
}

const unknownPlace = {
  function: undefined,
  module: undefined,
  tier: undefined,
  offset: 0,
  file: undefined,
  line: undefined,
};

/** What a callable needs of its engine. */
export interface CallHost {
  readonly addon: NativeAddon;
  /** The live native engine. @throws TierlinkError ENGINE_DISPOSED */
  handle(operation: string): Handle;
  /** Called when a call on a thread of its own has ended. */
  settled(): void;
  /** Called when callbacks are about to be made on this thread. */
  expectCallbacks(): void;
  /** Where code trapped, which is kept until this is asked. Undefined if nobody can tell. */
  trappedAt(at: bigint): CodePlace | undefined;
}

/**
 * Binds a function.
 *
 * @param host - The engine.
 * @param target - What to call.
 * @param options - Its signature, where the module does not tell or the user knows better, and how i64 is seen.
 * @returns The callable.
 * @throws TierlinkError SIGNATURE_UNSUPPORTED, OPTION_INVALID, ENGINE_DISPOSED
 */
export function bind(host: CallHost, target: CallTarget, options: FnOptions = {}): Callable {
  const { symbol } = target;
  const { signature: type, i64 = 'bigint', pointers = 'bigint', road: wanted } = options;
  const typed = type === undefined ? target.letters : parseSignature(symbol, type);
  checkCallable(symbol, typed, type ?? target.type);
  checkOption('i64', i64, ['bigint', 'number']);
  checkOption('pointers', pointers, ['bigint', 'number']);
  if (wanted !== undefined) checkOption('road', wanted, ['napi']);
  const narrow = i64 === 'bigint' ? typed : typed.replaceAll('8', 'n');
  const letters = pointers === 'bigint' ? narrow : narrow.replaceAll('p', 'q');
  const slot = BigInt(target.slot);
  const key = [target.slot, letters, symbol].join(' ');
  const known = wanted === undefined ? fastOnes(host).get(key) : undefined;
  if (known !== undefined) return known;
  const { call, road, isFast } = roadFor(host, slot, letters, symbol, wanted);
  const later = async (...args: readonly CallArgument[]): Promise<CallResult> => {
    const engine = host.handle(symbol);
    try {
      return (await host.addon.callAsync(engine, slot, letters, symbol, [...args])) as CallResult;
    } catch (error) {
      throw callError(host, error, symbol);
    } finally {
      host.settled();
    }
  };
  const abortable = (signal: AbortSignal, ...args: readonly CallArgument[]): Promise<CallResult> =>
    untilAborted(signal, () => later(...args));
  const signature = showSignature(letters);
  const address = BigInt(target.stub);
  const callable = Object.assign(call, { async: later, abortable, symbol, signature, address });
  Object.defineProperties(callable, {
    name: { value: symbol, configurable: true },
    length: { value: letters.length - 1, configurable: true },
  });
  // Safe because this adds what is missing.
  const bound = Object.defineProperty(callable, 'road', {
    get: road,
    enumerable: true,
  }) as unknown as Callable;
  if (isFast) fastOnes(host).set(key, bound);
  return bound;
}

/** V8 keeps a function of the fast road for as long as the thread: so there is one for all who ask for the same. */
const fastByHost = new WeakMap<CallHost, Map<string, Callable>>();

function fastOnes(host: CallHost): Map<string, Callable> {
  let known = fastByHost.get(host);
  if (known === undefined) {
    known = new Map();
    fastByHost.set(host, known);
  }
  return known;
}

function checkOption(option: string, value: string, words: readonly string[]): void {
  if (words.includes(value)) return;
  const expected = words.map((word) => `"${word}"`).join(' or ');
  throw new TierlinkError('OPTION_INVALID', { option, value, expected });
}

type Call = (...args: readonly CallArgument[]) => CallResult;

/** The fastest call there is. */
function roadFor(
  host: CallHost,
  slot: bigint,
  letters: string,
  symbol: string,
  wanted: 'napi' | undefined,
): { readonly call: Call; readonly isFast: boolean; readonly road: () => Callable['road'] } {
  const { addon } = host;
  const engine = host.handle(symbol);
  const failed = failuresOf(host, symbol);
  // Safe because the addon gives what the signature says, and checks what it is given.
  const call = addon.bindFunction(engine, slot, letters, symbol, failed) as Call;
  if (wanted !== undefined || !addon.fastIsOpen(engine, slot))
    return { call, isFast: false, road: () => 'napi' };
  const make: MakeFast = (keep) => addon.bindFast(engine, slot, letters, symbol, keep);
  const fast = fastFunction(letters.length - 1, make, call as Native, failed) as Call | null;
  if (fast === null) return { call, isFast: false, road: () => 'napi' };
  return { call: fast, isFast: true, road: () => (addon.fastIsOpen(engine, slot) ? 'fast' : 'napi') };
}

/** Makes of what the addon throws what a call throws. */
function failuresOf(host: CallHost, symbol: string): (error: unknown) => unknown {
  return (error) => {
    try {
      // Whoever controls the engine knows why it is gone.
      if ((error as { readonly code?: unknown } | null)?.code === 'ENGINE_DISPOSED') host.handle(symbol);
    } catch (told) {
      return told;
    }
    return callError(host, error, symbol);
  };
}

/** Settles as what is begun does, or rejects with the reason of the signal, whichever comes first. */
async function untilAborted(signal: AbortSignal, begin: () => Promise<CallResult>): Promise<CallResult> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      // Whatever the user gave as the reason.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([begin(), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * The addon says what happened; how that reads is ours.
 *
 * @param host - The engine.
 * @param error - What a call of the addon threw.
 * @param symbol - What was called.
 * @returns The error to throw.
 */
export function callError(host: Pick<CallHost, 'trappedAt'>, error: unknown, symbol: string): unknown {
  // Control itself may have thrown, in the middle of the call.
  if (error instanceof TierlinkError || !(error instanceof Error) || !('code' in error)) return error;
  const seen = error as Error & {
    index?: number;
    expected?: string;
    found?: string;
    detailsJson?: string;
  } & Partial<NativeTrap>;
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
    case 'FUNCTION_REMOVED': {
      // Of a function that was never compiled control says it in an error of ours, which has details.
      const { detailsJson = '' } = seen;
      const told = (detailsJson === '' ? {} : JSON.parse(detailsJson)) as { readonly reason?: string };
      return new TierlinkError('FUNCTION_REMOVED', { symbol, reason: told.reason ?? error.message }, options);
    }
    case 'CALL_UNFINISHED':
    case 'THREAD_ENDED':
    case 'PROGRAM_EXITED':
    case 'THREAD_REFUSED':
      return new TierlinkError('CALL_UNFINISHED', { symbol, reason: error.message }, options);
    case 'TRAPPED': {
      const { trap = 'invalid-access', signal = '', at = 0n, address } = seen;
      const place = host.trappedAt(at) ?? unknownPlace;
      return new TierlinkError('TRAPPED', { symbol, trap, signal, address, ...place }, options);
    }
    case 'CALLBACK_FAILED':
    case 'RESULT_INVALID':
    default: {
      const { detailsJson = '', expected = 'what the signature says', found = 'this' } = seen;
      // What control said of a function that it could not compile, or a JS function ended in: details of our own errors.
      if (detailsJson !== '')
        return new TierlinkError(error.code as ErrorCode, JSON.parse(detailsJson) as never, options);
      if (error.code !== 'RESULT_INVALID') return error;
      return new TierlinkError('RESULT_INVALID', { symbol, expected, found }, options);
    }
  }
}
