/** The asking end of a line: requests to the control thread, synchronous and not, and what it says by itself. */
import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';
import type { TierlinkError } from '../core/errors.js';
import { fromPlain } from './plain-error.js';
import type { Message, Request, Signal } from './protocol.js';

/** How long to wait for a message before looking whether anybody is there who could send it, in milliseconds. */
const lookMs = 100;
/** The same where other threads may wait for this one. */
const serveMs = 2;

/** What a line needs of its owner. */
export interface LineHooks {
  /** Control tells of an event. */
  readonly onEvent: (event: string, data: unknown) => void;
  /** Whether control can still answer. */
  readonly isAlive: () => boolean;
  /** Does what other threads wait for this one to do; true if there may be more of it. */
  readonly serve: () => boolean;
  /** The error of a request that is not answered any more. */
  readonly lost: (operation: string, cause: Error | null) => TierlinkError;
  /** Nothing is answered any more. */
  readonly onEnd: () => void;
}

interface Asked {
  readonly operation: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Answer = Extract<Message, { readonly id: number }>;

/** One thread's line to control. */
export class Line {
  readonly #port: MessagePort;
  readonly #signal: Signal;
  readonly #hooks: LineHooks;
  /** Answers to requests that wait on this thread's stack; a listener may make one while another waits. */
  readonly #waiting = new Map<number, Answer | undefined>();
  readonly #asked = new Map<number, Asked>();
  #nextId = 1;
  #end: { readonly cause: Error | null } | undefined;

  /**
   * @param port - This end.
   * @param signal - Shared with the other end.
   * @param hooks - Whom to tell.
   */
  constructor(port: MessagePort, signal: Signal, hooks: LineHooks) {
    this.#port = port;
    this.#signal = signal;
    this.#hooks = hooks;
    port.on('message', (message: Message) => {
      this.#take(message);
    });
    // Only pending requests keep the event loop alive.
    port.unref();
  }

  /** Throws if nothing is answered any more. */
  check(operation: string): void {
    if (this.#end !== undefined) throw this.#hooks.lost(operation, this.#end.cause);
  }

  /**
   * Asks, and blocks this thread until the answer is there. What control said before it is heard before.
   *
   * @param operation - What is asked.
   * @param args - Plain data.
   * @param transfer - Which of it goes over for good.
   * @returns The answer.
   */
  call(operation: string, args: readonly unknown[], transfer: readonly Transferable[] = []): unknown {
    this.check(operation);
    const id = this.#post(operation, args, transfer);
    return this.wait(id, operation, Infinity);
  }

  /**
   * Blocks this thread until an answer is there.
   *
   * @param id - Of the request.
   * @param operation - What was asked.
   * @param withinMs - How long at most.
   * @returns The answer.
   */
  wait(id: number, operation: string, withinMs: number): unknown {
    this.#waiting.set(id, undefined);
    try {
      const until = performance.now() + withinMs;
      for (;;) {
        const posted = this.#signal.posted;
        this.#drain();
        const answer = this.#waiting.get(id);
        if (answer !== undefined) {
          if ('error' in answer) throw fromPlain(answer.error);
          return answer.value;
        }
        this.check(operation);
        const isServing = this.#hooks.serve();
        // Who was not alive before everything was read will never send anything more.
        const isLost = !this.#hooks.isAlive() || performance.now() >= until;
        if (isLost && posted === this.#signal.posted) this.end(null);
        else this.#signal.wait(posted, isServing ? serveMs : lookMs);
      }
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Asks; the answer comes by the event loop, which is kept alive until then. */
  ask(operation: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.check(operation);
      const id = this.#post(operation, args, []);
      this.#asked.set(id, { operation, resolve, reject });
      this.#port.ref();
    });
  }

  /** Says something that has no answer. */
  tell(operation: string): void {
    if (this.#end === undefined) this.#send({ id: 0, operation, args: [] }, []);
  }

  /** Nothing is answered any more: what is pending fails, and so does what is asked from now on. */
  end(cause: Error | null): void {
    if (this.#end !== undefined) return;
    this.#drain();
    this.#end ??= { cause };
    this.#hooks.onEnd();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    this.#port.close();
    for (const { operation, reject } of asked) reject(this.#hooks.lost(operation, cause));
  }

  #post(operation: string, args: readonly unknown[], transfer: readonly Transferable[]): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#send({ id, operation, args }, transfer);
    return id;
  }

  #send(request: Request, transfer: readonly Transferable[]): void {
    this.#port.postMessage(request, transfer);
  }

  #drain(): void {
    for (;;) {
      // Safe because only the other end of the line, which is ours, posts to this port.
      const received = receiveMessageOnPort(this.#port) as { readonly message: Message } | undefined;
      if (received === undefined) return;
      this.#take(received.message);
    }
  }

  #take(message: Message): void {
    if ('event' in message) {
      this.#hooks.onEvent(message.event, message.data);
    } else if ('ended' in message) {
      this.end(message.ended === null ? null : fromPlain(message.ended));
    } else if (this.#waiting.has(message.id)) {
      this.#waiting.set(message.id, message);
    } else {
      this.#settle(message);
    }
  }

  #settle(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    if (asked === undefined) return;
    this.#asked.delete(answer.id);
    if (this.#asked.size === 0) this.#port.unref();
    if ('error' in answer) asked.reject(fromPlain(answer.error));
    else asked.resolve(answer.value);
  }
}
