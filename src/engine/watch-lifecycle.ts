/** Shows the lifecycle of units in one of xstate's inspectors. */
import type { EngineEvents, LifecycleStep } from '../core/events.js';
import { lifecycleConfig } from '../../tiers/lifecycle.js';

/** What is shown of a unit. */
export interface ShownState {
  readonly value: string;
  readonly context?: object;
  readonly status?: 'active' | 'done';
}

/** A unit, as an inspector knows actors. */
export interface ShownUnit {
  /** Its name. */
  readonly sessionId: string;
  /** Its machine, named as it is. */
  readonly logic?: { readonly config: object };
}

/** An inspector, as `@statelyai/inspect` makes them. */
export interface LifecycleInspector {
  /** There is a unit. */
  actor(unit: string | ShownUnit, state: ShownState): void;
  /** Something happened to it. */
  event(unit: string, event: { readonly type: string }): void;
  /** Where it stands now. */
  snapshot(unit: string, state: ShownState, info: { readonly event: { readonly type: string } }): void;
}

/** What is watched: an engine. */
export interface Watched {
  /** Adds a listener. */
  readonly on: <Name extends keyof EngineEvents>(name: Name, listener: EngineEvents[Name]) => unknown;
  /** Takes it away. */
  readonly off: <Name extends keyof EngineEvents>(name: Name, listener: EngineEvents[Name]) => unknown;
}

/**
 * Tells an inspector of each unit, from the first thing that happens to it.
 *
 * @param engine - The engine, as young as can be.
 * @param inspector - Such as `createWebSocketInspector({ url })` of `@statelyai/inspect`.
 * @returns Ends it.
 */
export function watchLifecycle(engine: Watched, inspector: LifecycleInspector): () => void {
  const known = new Set<string>();
  const config = lifecycleConfig();
  const listener = ({ module, unit: name, event, from, to, context }: LifecycleStep): void => {
    const id = module === name ? name : `${module}: ${name}`;
    if (!known.has(id)) {
      known.add(id);
      const unit = { sessionId: id, logic: { config: { ...config, id } } };
      inspector.actor(unit, { value: from, status: 'active' });
    }
    inspector.event(id, event);
    const isOver = to === 'removed';
    inspector.snapshot(id, { value: to, context, status: isOver ? 'done' : 'active' }, { event });
    // A module of this name that comes later is another one.
    if (isOver) known.delete(id);
  };
  engine.on('lifecycle', listener);
  return () => {
    engine.off('lifecycle', listener);
  };
}
