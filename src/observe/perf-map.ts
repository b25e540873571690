/**
 * The map file of perf: `/tmp/perf-<pid>.map`, one line a function, address and size in hexadecimal, then its name. Source
 * of the format: Linux, tools/perf/Documentation/jit-interface.txt. perf reads it when it reports, and asks it only about
 * code that lies in no file: that of the memory manager `mprotectMemory`. Code with two mappings lies in a memfd, and is
 * found through {@link JitDump}.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type CodeObserver, type PlacedCode, shownName } from './placed-code.js';

/** Writes the map file of this process. */
export class PerfMap implements CodeObserver {
  readonly #file: number;

  /**
   * Opens the file; Node itself may write to it, too (`--perf-basic-prof`).
   *
   * @param path - By default where perf looks.
   */
  constructor(path = `/tmp/perf-${String(process.pid)}.map`) {
    this.#file = openSync(path, 'a', 0o600);
  }

  /** Adds a line for each function. */
  placed({ tier, functions }: PlacedCode): void {
    const lines = functions.map(
      ({ name, address, bytes }) =>
        `${address.toString(16)} ${bytes.toString(16)} ${shownName(name, tier)}\n`,
    );
    writeSync(this.#file, lines.join(''));
  }

  /** Nothing: the format knows no end of a function; a later line for the same place wins. */
  freed(): void {
    return;
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }
}
