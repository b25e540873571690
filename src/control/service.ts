/** The answering end of a line: does on the control thread what another thread asks. */
import type { MessagePort } from 'node:worker_threads';
import { TierlinkError } from '../core/errors.js';
import type { EngineCore } from '../engine/core.js';
import type { EngineHandle } from './engine-handle.js';
import { toPlain } from './plain-error.js';
import {
  askNames,
  attachedNames,
  callNames,
  type Message,
  poster,
  type Request,
  Signal,
} from './protocol.js';

/** What the thread that created the engine may ask. */
const allNames: ReadonlySet<string> = new Set([...callNames, ...askNames]);
/** What a thread may ask that attached. */
const fewNames: ReadonlySet<string> = new Set(attachedNames);

/** Answers the requests of all threads that have a line to one engine. */
export class Services {
  readonly #core: EngineCore;
  /** How to tell each line that nothing is answered any more. */
  readonly #lines = new Map<MessagePort, (message: Message) => void>();

  /** @param core - Does what is asked. */
  constructor(core: EngineCore) {
    this.#core = core;
  }

  /**
   * Answers the thread that created the engine. The port keeps this thread alive.
   *
   * @param port - This end of the line.
   * @param signal - Shared with the other end.
   */
  serve(port: MessagePort, signal: Signal): void {
    this.#listen(port, signal, allNames);
  }

  /**
   * Answers a thread that attaches. The port keeps no thread alive.
   *
   * @param handle - This end of the line.
   */
  attach({ port, memory }: Pick<EngineHandle, 'port' | 'memory'>): void {
    this.#listen(port, new Signal(memory), fewNames);
    port.unref();
  }

  /** Tells all lines that the engine is disposed of, and closes them; answers that are posted before still arrive. */
  endAttached(): void {
    for (const [port, post] of this.#lines) {
      post({ ended: null });
      port.close();
    }
  }

  #listen(port: MessagePort, signal: Signal, names: ReadonlySet<string>): void {
    const post = poster(port, signal);
    if (names === fewNames) this.#lines.set(port, post);
    port.on('message', (request: Request) => {
      this.#answer(request, names, post);
    });
    port.on('close', () => this.#lines.delete(port));
  }

  #answer(
    { id, operation, args }: Request,
    names: ReadonlySet<string>,
    post: (message: Message) => void,
  ): void {
    const value = (result: unknown): void => {
      if (id !== 0) post({ id, value: result });
    };
    const error = (thrown: unknown): void => {
      if (id !== 0) post({ id, error: toPlain(thrown) });
    };
    try {
      const result = this.#perform(operation, args, names);
      if (result instanceof Promise) void result.then(value).catch(error);
      else value(result);
    } catch (thrown) {
      error(thrown);
    }
  }

  #perform(operation: string, args: readonly unknown[], names: ReadonlySet<string>): unknown {
    if (operation === 'attach' && names === allNames) {
      // Safe because only our own end of the line, which made the handle, sends this.
      this.attach(args[0] as EngineHandle);
      return undefined;
    }
    if (!names.has(operation)) {
      const expected = `one of ${[...names].join(', ')}`;
      throw new TierlinkError('OPTION_INVALID', { option: 'operation', value: operation, expected });
    }
    if (operation === 'end') this.endAttached();
    // Safe because the names are those of methods; their arguments were typed at the other end.
    const methods = this.#core as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
    return methods[operation]?.(...args);
  }
}
