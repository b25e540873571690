/** Linker names by number: each is kept once, and takes 4 bytes wherever it is referred to. */

/** Names and their numbers; numbers are given in the order of first use and never change. */
export class NameTable {
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];

  /** Number of different names. */
  get count(): number {
    return this.#names.length;
  }

  /**
   * The number of a name; a new name gets the next one.
   *
   * @param name - Linker name.
   * @returns Its number.
   */
  intern(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.#names.push(name) - 1;
      this.#ids.set(name, id);
    }
    return id;
  }

  /**
   * The number of a name that may not be there.
   *
   * @param name - Linker name.
   * @returns Its number, or `undefined` when it was never interned.
   */
  find(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /**
   * The name of a number.
   *
   * @param id - A number that {@link NameTable.intern} gave.
   * @returns The name; empty for another number.
   */
  text(id: number): string {
    return this.#names[id] ?? '';
  }
}
