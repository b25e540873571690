/**
 * What an engine did, as a timeline for Chrome's and Perfetto's viewers. Source of the format: Google's "Trace Event
 * Format", JSON array form: events may come in any order, and a file without its end can still be read.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { TierlinkError } from '../core/errors.js';
import type { EngineEvents } from '../core/events.js';

/** What is traced: an engine, or who sends the same events. */
export interface Traced {
  /** Adds a listener. */
  readonly on: <Name extends keyof EngineEvents>(name: Name, listener: EngineEvents[Name]) => unknown;
}

/** What a trace needs beside events. */
export interface TraceParts {
  /** Path of the file; what is there is replaced. */
  readonly path: string;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
  /** Samples of the program's position by tier since it began, if somebody takes them. */
  readonly samples?: () => Readonly<Record<string, number>>;
}

/** Rows of the viewer. */
const rows = { program: 1, compile: 2, link: 3, publish: 4, reclaim: 5 } as const;
type Row = keyof typeof rows;

/** How often samples are noted, in milliseconds. */
const samplingMs = 20;

interface TraceEvent {
  /** The phase: X a slice, i an instant, C a counter, M a name; b and e begin and end what may overlap. */
  readonly ph: 'X' | 'i' | 'C' | 'M' | 'b' | 'e';
  readonly name: string;
  readonly row: Row;
  readonly atMs: number;
  readonly args?: object;
  /** Of a slice, in milliseconds. */
  readonly durationMs?: number;
  readonly id?: number;
}

/** Writes a trace until it is told to end. */
export class Trace {
  readonly #file: number;
  readonly #parts: TraceParts;
  readonly #timer: NodeJS.Timeout | undefined;
  #sampled: Readonly<Record<string, number>> = {};
  #next = 1;
  #separator = '[\n';

  /**
   * Begins the file and listens.
   *
   * @param engine - The engine, as young as can be.
   * @param parts - File and clock.
   * @throws TierlinkError OPTION_INVALID: the file can't be written
   */
  constructor(engine: Traced, parts: TraceParts) {
    this.#parts = parts;
    this.#file = open(parts.path);
    for (const row of Object.keys(rows) as Row[])
      this.#write({ ph: 'M', name: 'thread_name', row, atMs: 0, args: { name: row } });
    this.#listen(engine);
    if (parts.samples === undefined) return;
    this.#timer = setInterval(() => {
      this.#count();
    }, samplingMs);
    this.#timer.unref();
  }

  /** Ends the file; what happens later is not in it. */
  end(): void {
    clearInterval(this.#timer);
    this.#count();
    writeSync(this.#file, '\n]\n');
    closeSync(this.#file);
    this.#write = () => undefined;
  }

  #listen(engine: Traced): void {
    engine.on('module', ({ module, ...args }) => {
      this.#instant('program', `added ${module}`, args);
    });
    engine.on('requested', ({ unit, tier, reason, module }) => {
      this.#instant('program', `${unit} asks for ${tier}`, { module, reason });
    });
    engine.on('published', (event) => {
      const { module, unit, tier, version, reason, codeBytes, relocations, functions } = event;
      const name = `${unit} [${tier}]`;
      const args = { module, version, reason, codeBytes, relocations, functions };
      const publishMs = event.publishUs / 1e3;
      const linkMs = event.linkUs / 1e3;
      const began = event.atMs - publishMs;
      this.#overlapping('compile', name, began - linkMs - event.compileMs, event.compileMs, args);
      this.#write({ ph: 'X', row: 'link', name, atMs: began - linkMs, durationMs: linkMs, args });
      this.#write({ ph: 'X', row: 'publish', name, atMs: began, durationMs: publishMs, args });
    });
    engine.on('failed', ({ module, unit, tier, error, retry }) => {
      this.#instant('compile', `${unit} [${tier}] failed`, { module, error: error.message, retry });
    });
    engine.on('moved', ({ unit, from, to, bytes }) => {
      this.#instant('link', `${unit} moved`, { from: from.toString(16), to: to.toString(16), bytes });
    });
    engine.on('retired', ({ module, tier, version }) => {
      this.#instant('reclaim', `retired ${module} [${tier}]`, { version });
    });
    engine.on('reclaimed', (args) => {
      this.#instant('reclaim', 'reclaimed', args);
    });
    engine.on('replaced', ({ module, matched, added, removed }) => {
      const args = { matched: matched.length, added: added.length, removed: removed.length };
      this.#instant('program', `replaced ${module}`, args);
    });
    engine.on('removed', ({ module }) => {
      this.#instant('program', `removed ${module}`, {});
    });
  }

  #instant(row: Row, name: string, args: object): void {
    this.#write({ ph: 'i', row, name, atMs: this.#parts.atMs(), args });
  }

  /** A slice of a row in which others may be under way. */
  #overlapping(row: Row, name: string, atMs: number, durationMs: number, args: object): void {
    const id = this.#next;
    this.#next += 1;
    this.#write({ ph: 'b', row, name, atMs, id, args });
    this.#write({ ph: 'e', row, name, atMs: atMs + durationMs, id });
  }

  /** Where the program was since the last time. */
  #count(): void {
    const now = this.#parts.samples?.();
    if (now === undefined) return;
    const before = this.#sampled;
    const args = Object.fromEntries(
      Object.entries(now).map(([tier, count]) => [tier, count - (before[tier] ?? 0)]),
    );
    this.#sampled = now;
    this.#write({ ph: 'C', row: 'program', name: 'samples by tier', atMs: this.#parts.atMs(), args });
  }

  #write = ({ ph, name, row, atMs, args, durationMs, id }: TraceEvent): void => {
    const event = {
      ph,
      name,
      cat: row,
      pid: process.pid,
      tid: rows[row],
      ts: Math.max(0, atMs * 1e3),
      ...(ph === 'i' && { s: 't' }),
      ...(durationMs !== undefined && { dur: durationMs * 1e3 }),
      ...(id !== undefined && { id }),
      ...(args !== undefined && { args }),
    };
    writeSync(this.#file, `${this.#separator}${JSON.stringify(event)}`);
    this.#separator = ',\n';
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'w', 0o644);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const details = { option: 'trace', value: `${path} (${reason})`, expected: 'a file that can be written' };
    throw new TierlinkError('OPTION_INVALID', details, { cause });
  }
}
