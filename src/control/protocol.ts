/** What threads say to the control thread and what it answers: plain data, in order, over one port each. */
import type { MessagePort } from 'node:worker_threads';
import type { EngineEvents } from '../core/events.js';
import type { PlainError } from './plain-error.js';

/** What is answered at once. */
export const callNames = [
  'addModule',
  'addModules',
  'target',
  'define',
  'placeOf',
  'move',
  'compact',
  'relayout',
  'reclaim',
  'settled',
  'expectCallbacks',
  'snapshot',
  'audit',
  'timeByTier',
  'profile',
  'seal',
] as const;

/** What is answered when it is done. */
export const askNames = [
  'link',
  'run',
  'recompile',
  'disassemble',
  'recompileGroup',
  'removeModule',
  'replaceModule',
  'flushCache',
  'end',
] as const;

/** What threads may ask that only call. */
export const attachedNames = ['target', 'placeOf', 'settled', 'expectCallbacks', 'snapshot'] as const;

/** An operation that is answered at once. */
export type CallName = (typeof callNames)[number];
/** An operation that is answered when it is done. */
export type AskName = (typeof askNames)[number];

/** Asks control for something. */
export interface Request {
  /** The answer has the same; 0: none is wanted. */
  readonly id: number;
  /** Name of a method of `EngineCore`, or `attach`. */
  readonly operation: string;
  readonly args: readonly unknown[];
}

/** What control says. */
export type Message =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: PlainError }
  | { readonly event: keyof EngineEvents; readonly data: unknown }
  /** The last one: nothing is answered any more. Without an error the engine was disposed of. */
  | { readonly ended: PlainError | null };

/** The answer of this number is that of the creation: the engine's number. */
export const creationId = 0;

/** One bit for each event: control sends those that somebody listens to. */
const eventBits: Readonly<Record<keyof EngineEvents, number>> = {
  module: 1,
  requested: 2,
  published: 4,
  moved: 8,
  retired: 16,
  removed: 32,
  replaced: 64,
  reclaimed: 128,
  failed: 256,
  warning: 512,
  cache: 1024,
  decided: 2048,
  chose: 4096,
  rolledBack: 8192,
  continued: 16384,
  profileDropped: 32768,
  lifecycle: 65536,
};

/** Two words that both ends of a line share. */
export class Signal {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** @param memory - That of the other end; by default new. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** How often something was posted to who waits; it wraps round. */
  get posted(): number {
    return Atomics.load(this.#words, 0);
  }

  /** Wakes who waits. */
  notify(): void {
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  /** Blocks this thread until something is posted after `posted` was read, or for so many milliseconds. */
  wait(posted: number, milliseconds: number): void {
    Atomics.wait(this.#words, 0, posted, milliseconds);
  }

  /** Says whether an event is heard. */
  listen(event: keyof EngineEvents, isHeard: boolean): void {
    if (isHeard) Atomics.or(this.#words, 1, eventBits[event]);
    else Atomics.and(this.#words, 1, ~eventBits[event]);
  }

  /** Whether an event is heard. */
  hears(event: keyof EngineEvents): boolean {
    return (Atomics.load(this.#words, 1) & eventBits[event]) !== 0;
  }
}

/** Posts messages to the other end of a line, and wakes it. */
export function poster(port: MessagePort, signal: Signal): (message: Message) => void {
  return (message) => {
    port.postMessage(message);
    signal.notify();
  };
}
