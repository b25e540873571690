/** Sends what the live table shows from the process that runs the program to the one that draws. */
import type { Engine, EngineSnapshot, PublishedEvent, TimeByTier } from '../index.js';

/** One message; the last one has `done`. */
export interface LiveMessage {
  readonly snapshot: EngineSnapshot;
  readonly timeByTier: TimeByTier;
  /** Versions published since the last message. */
  readonly published: readonly PublishedEvent[];
  readonly done: boolean;
}

const intervalMs = 200;

/**
 * Starts sending, if a parent listens.
 *
 * @param engine - The engine to tell of.
 * @param published - Versions so far; it grows while the program runs.
 * @returns Sends the last message and stops; settles when the parent has it.
 */
export function feedLive(engine: Engine, published: readonly PublishedEvent[]): () => Promise<void> {
  const send = process.send?.bind(process);
  if (send === undefined) return () => Promise.resolve();
  // The parent must not keep a program alive that has ended.
  process.channel?.unref();
  let sent = 0;
  const message = (done: boolean, taken: () => void = () => undefined): void => {
    const fresh = published.slice(sent);
    sent = published.length;
    const body: LiveMessage = {
      snapshot: engine.snapshot(),
      timeByTier: engine.timeByTier(),
      published: fresh,
      done,
    };
    send(body, undefined, undefined, taken);
  };
  message(false);
  const timer = setInterval(() => {
    message(false);
  }, intervalMs);
  return () =>
    new Promise((resolve) => {
      clearInterval(timer);
      message(true, resolve);
    });
}
