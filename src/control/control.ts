/** The seam between an engine as its user holds it and what controls it, on this thread or on another one. */
import type { CallHost } from '../call/callable.js';
import type { Callbacks } from '../call/callback.js';
import type { EngineEvents } from '../core/events.js';
import type { EngineCore } from '../engine/core.js';
import type { ModuleSource } from '../engine/source.js';
import type { AskName, CallName } from './protocol.js';
import type { EngineHandle } from './engine-handle.js';

/** Controls one engine, for the thread that created it. */
export interface Control {
  /** What callables of this thread need. */
  readonly host: CallHost;
  /** JS functions of this thread that compiled code calls. */
  readonly callbacks: Callbacks;
  /** Does something at once. @throws whatever it throws, and TierlinkError CONTROL_ENDED */
  call<Name extends CallName>(
    name: Name,
    ...args: Parameters<EngineCore[Name]>
  ): ReturnType<EngineCore[Name]>;
  /** Begins something that takes its time. @throws whatever it rejects with, and TierlinkError CONTROL_ENDED */
  ask<Name extends AskName>(name: Name, ...args: Parameters<EngineCore[Name]>): ReturnType<EngineCore[Name]>;
  /** A module's source as it can be given to `addModule` and `replaceModule`. */
  source(module: string, source: ModuleSource): ModuleSource;
  /** Whether somebody listens to an event from now on. */
  listen(event: keyof EngineEvents, isHeard: boolean): void;
  /** A handle for one more thread. */
  handle(): EngineHandle;
  /** Ends the engine, which is sealed, and then what controls it. */
  end(): Promise<void>;
}
