/** Control on the thread that created the engine: everything is done by a plain call. */
import { MessageChannel } from 'node:worker_threads';
import type { CallHost } from '../call/callable.js';
import { Callbacks } from '../call/callback.js';
import type { Emit } from '../core/events.js';
import { EngineCore } from '../engine/core.js';
import type { EngineOptions } from '../engine/options.js';
import type { ModuleSource } from '../engine/source.js';
import type { Control } from './control.js';
import type { EngineHandle } from './engine-handle.js';
import type { AskName, CallName } from './protocol.js';
import { Services } from './service.js';

/** Controls an engine in line. */
export class InlineControl implements Control {
  readonly host: CallHost;
  readonly callbacks: Callbacks;
  readonly #core: EngineCore;
  readonly #services: Services;

  /**
   * @param options - The user's.
   * @param emit - Gives events to observers.
   * @throws TierlinkError as `createEngine`
   */
  constructor(options: EngineOptions, emit: Emit) {
    this.#core = new EngineCore(options, emit);
    this.#services = new Services(this.#core);
    this.host = this.#core.host;
    this.callbacks = new Callbacks(this.host);
  }

  call<Name extends CallName>(
    name: Name,
    ...args: Parameters<EngineCore[Name]>
  ): ReturnType<EngineCore[Name]> {
    return perform(this.#core, name, args);
  }

  ask<Name extends AskName>(name: Name, ...args: Parameters<EngineCore[Name]>): ReturnType<EngineCore[Name]> {
    return perform(this.#core, name, args);
  }

  source(_module: string, source: ModuleSource): ModuleSource {
    return source;
  }

  listen(): void {
    // Events are given to all listeners there are.
  }

  handle(): EngineHandle {
    const { port1, port2 } = new MessageChannel();
    const memory = new SharedArrayBuffer(8);
    this.#services.attach({ port: port1, memory });
    return { port: port2, memory, number: this.#core.share() };
  }

  async end(): Promise<void> {
    this.#services.endAttached();
    await this.#core.end();
  }
}

function perform<Name extends CallName | AskName>(
  core: EngineCore,
  name: Name,
  args: Parameters<EngineCore[Name]>,
): ReturnType<EngineCore[Name]> {
  // Safe because the arguments are those of the method of this name; TypeScript loses that for a generic name.
  const method = core[name] as (...args: readonly unknown[]) => ReturnType<EngineCore[Name]>;
  return method.apply(core, args);
}
