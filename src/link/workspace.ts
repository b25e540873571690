/** What preparing an object works with: its tables are used for one object after the other. */
import { FixupClasses } from './fixup-classes.js';
import { LocalSymbols } from './local-symbols.js';
import { PreservedBuilder } from './preserved-builder.js';
import { ReferenceBuilder } from './reference-builder.js';
import { SymbolNames } from './symbol-names.js';

/** Symbols and relocations of the largest object whose tables are kept for the next one. */
const largestKept = 50_000;

/** Tables for one object at a time. */
export class Workspace {
  readonly names: SymbolNames = new SymbolNames();
  readonly references: ReferenceBuilder = new ReferenceBuilder(this.names);
  readonly classes: FixupClasses = new FixupClasses();
  readonly locals: LocalSymbols = new LocalSymbols();
  readonly preserved: PreservedBuilder = new PreservedBuilder();
  #keys = new Float64Array(0);

  /**
   * Numbers, for whatever they are needed.
   *
   * @param count - How many.
   * @returns At least as many; what they are is left from before.
   */
  keys(count: number): Float64Array {
    if (count > this.#keys.length) this.#keys = new Float64Array(count * 2);
    return this.#keys;
  }
}

let spare: Workspace | undefined;

/**
 * Takes a workspace; what is asked while an object is prepared may prepare another one, and takes its own.
 *
 * @returns The workspace, to be given back.
 */
export function takeWorkspace(): Workspace {
  const taken = spare ?? new Workspace();
  spare = undefined;
  return taken;
}

/**
 * Gives a workspace back, with no reference to an object left in it.
 *
 * @param workspace - The workspace.
 * @param size - Symbols and relocations of the object it was used for.
 */
export function giveWorkspace(workspace: Workspace, size: number): void {
  workspace.names.end();
  workspace.references.end();
  if (size <= largestKept) spare = workspace;
}
