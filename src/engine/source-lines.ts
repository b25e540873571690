/** Which lines the code of versions comes from: read from the debug info of their objects when somebody asks. */
import type { NativeAddon } from '../native/contract.js';
import type { SourceLine } from '../observe/source-line.js';
import type { Version } from '../registry/records.js';
import { functionOfEntry } from './loops.js';

type LinesByFunction = ReadonlyMap<string, readonly SourceLine[]>;

const none: LinesByFunction = new Map();
const wordsPerLine = 3;

/** Reads lines, of each object once. */
export class SourceLines {
  readonly #addon: Pick<NativeAddon, 'sourceLines'>;
  readonly #read = new WeakMap<Uint8Array, LinesByFunction>();

  /** @param addon - Reads debug info. */
  constructor(addon: Pick<NativeAddon, 'sourceLines'>) {
    this.#addon = addon;
  }

  /**
   * The lines of a function.
   *
   * @param version - The version whose function it is.
   * @param name - The function.
   * @returns By ascending offset; none when its module has no debug info, or that can't be read.
   */
  of({ linesOf }: Pick<Version, 'linesOf'>, name: string): readonly SourceLine[] {
    if (linesOf === undefined) return [];
    let found = this.#read.get(linesOf);
    if (found === undefined) {
      found = this.#readAll(linesOf);
      this.#read.set(linesOf, found);
    }
    return found.get(name) ?? [];
  }

  #readAll(object: Uint8Array): LinesByFunction {
    const seen = this.#addon.sourceLines(object);
    // Code runs as well without.
    if ('kind' in seen) return none;
    return new Map(
      seen.functions.map(({ name, lines }) => [functionOfEntry(name), toLines(seen.files, lines)]),
    );
  }
}

function toLines(files: readonly string[], words: Uint32Array): readonly SourceLine[] {
  return Array.from({ length: words.length / wordsPerLine }, (_unused, index) => {
    const [offset = 0, file = 0, line = 0] = words.subarray(index * wordsPerLine);
    return { offset, file: files[file] ?? '', line };
  });
}
