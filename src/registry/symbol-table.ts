/** Which module's definition a name stands for; the rules of a static linker, and type checks it can't do. */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import type { Binding, Definition, Use } from './definition.js';

const rank: Readonly<Record<Binding, number>> = { fallback: 0, weak: 1, common: 2, strong: 3 };

/** All definitions of an engine's modules by name; the first of the strongest is the one that counts. */
export class SymbolTable {
  readonly #byName = new Map<string, Definition[]>();
  #version = 0;

  /**
   * Checks that a module's definitions can join. Changes nothing.
   *
   * @param definitions - What the module defines; those that it defined before are on their way out.
   * @throws TierlinkError SYMBOL_DUPLICATE, SYMBOL_TYPE_MISMATCH
   */
  check(definitions: readonly Definition[]): void {
    for (const added of definitions) {
      for (const other of this.#byName.get(added.name) ?? []) {
        if (added.module === other.module) continue;
        if (added.binding === 'strong' && other.binding === 'strong') {
          throw new TierlinkError('SYMBOL_DUPLICATE', {
            module: added.module,
            symbol: added.name,
            other: other.module,
          });
        }
        if (added.kind !== other.kind) throw mismatch(added.module, added, other);
      }
    }
  }

  /** Raised whenever a definition comes or goes. */
  get version(): number {
    return this.#version;
  }

  /**
   * Adds a module's definitions, all or none.
   *
   * @param definitions - What the module defines.
   * @throws TierlinkError SYMBOL_DUPLICATE, SYMBOL_TYPE_MISMATCH
   */
  add(definitions: readonly Definition[]): void {
    this.check(definitions);
    this.#version += 1;
    for (const definition of definitions) {
      const known = this.#byName.get(definition.name);
      if (known === undefined) this.#byName.set(definition.name, [definition]);
      else known.push(definition);
    }
  }

  /** Takes a module's definitions out again. */
  remove(definitions: readonly Definition[]): void {
    this.#version += 1;
    for (const definition of definitions) {
      const rest = (this.#byName.get(definition.name) ?? []).filter((other) => other !== definition);
      if (rest.length === 0) this.#byName.delete(definition.name);
      else this.#byName.set(definition.name, rest);
    }
  }

  /**
   * Puts other definitions into the places of some. The caller has checked them.
   *
   * @param out - Definitions of a module.
   * @param into - What it defines from now on.
   */
  replace(out: readonly Definition[], into: readonly Definition[]): void {
    const successors = new Map(into.map((definition) => [definition.name, definition]));
    for (const definition of out) {
      const all = present(this.#byName.get(definition.name), 'what is replaced is known');
      const successor = successors.get(definition.name);
      if (successor === undefined) this.remove([definition]);
      else all[all.indexOf(definition)] = successor;
      successors.delete(definition.name);
    }
    this.add([...successors.values()]);
  }

  /** All definitions of a name. */
  all(name: string): readonly Definition[] {
    return this.#byName.get(name) ?? [];
  }

  /** The names of what is called so inside one file each: ingest makes them unique by `.m` and a number. */
  ofFiles(name: string): string[] {
    const prefix = `${name}.m`;
    return [...this.#byName.keys()].filter(
      (other) => other.startsWith(prefix) && /^\d+$/.test(other.slice(prefix.length)),
    );
  }

  /** The definition that a name stands for, aliases not followed; a placed or published one stays the one. */
  lookup(name: string): Definition | undefined {
    const all = this.#byName.get(name);
    if (all === undefined) return undefined;
    let best = present(all[0], 'a known name has a definition');
    // Nearly every name has one, and this is asked for each symbol of each object.
    if (all.length === 1) return best;
    for (const other of all) if (stronger(other, best)) best = other;
    return best;
  }

  /** Follows aliases to a function or variable and the distance from it. */
  resolve(name: string): { readonly definition: Definition; readonly offset: number } | undefined {
    let offset = 0;
    let definition = this.lookup(name);
    // An alias cycle can't pass the IR verifier; the bound keeps damaged input from hanging us.
    for (let hops = 0; definition?.alias !== undefined && hops < 16; hops += 1) {
      offset += definition.alias.offset;
      definition = this.lookup(definition.alias.target);
    }
    return definition === undefined || definition.alias !== undefined ? undefined : { definition, offset };
  }

  /**
   * Checks that a module uses a symbol as what it is.
   *
   * @param module - Name of the module that uses it.
   * @param use - How it is declared there.
   * @param found - What the symbol stands for; by default what the modules define under its name.
   * @throws TierlinkError SYMBOL_TYPE_MISMATCH
   */
  checkUse(
    module: string,
    use: Use,
    found: Definition | undefined = this.resolve(use.name)?.definition,
  ): void {
    if (found === undefined) return;
    if (
      (found.kind !== use.kind && use.kind !== 'unknown') ||
      !sameConvention(found.signature, use.signature)
    ) {
      throw mismatch(module, use, found);
    }
  }
}

function stronger(one: Definition, other: Definition): boolean {
  const fixed = Number(isFixed(one)) - Number(isFixed(other));
  if (fixed !== 0) return fixed > 0;
  if (one.binding === 'common' && other.binding === 'common') {
    return one.size === other.size ? one.alignment > other.alignment : one.size > other.size;
  }
  return rank[one.binding] > rank[other.binding];
}

/** Linked code already refers to it, so a stronger one that comes later is too late (I1). */
function isFixed(definition: Definition): boolean {
  return definition.slot !== undefined || definition.placed !== undefined;
}

function mismatch(
  module: string,
  used: { readonly name: string; readonly type: string },
  defined: Definition,
): TierlinkError {
  return new TierlinkError('SYMBOL_TYPE_MISMATCH', {
    module,
    symbol: used.name,
    other: defined.module,
    used: used.type,
    defined: defined.type,
  });
}

/**
 * True when a call that follows one signature reaches a function of the other correctly: C programs legally
 * disagree about `int` and `unsigned` or about pointer types, and unprototyped declarations look variadic.
 */
export function sameConvention(one: string, other: string): boolean {
  if (one === other) return true;
  if (one === '' || other === '' || one.endsWith('.') || other.endsWith('.')) return true;
  if (one.includes('x') || other.includes('x')) return true;
  // A caller may ignore a result, so a void one agrees with everything.
  const sameResult = one.startsWith('v') || other.startsWith('v') || register(one) === register(other);
  return sameResult && registers(one.slice(1)) === registers(other.slice(1));
}

function registers(parameters: string): string {
  return Array.from(parameters, register).join('');
}

/** The kind of register that the first letter of a signature travels in. */
function register(signature: string): string {
  const letter = signature.charAt(0);
  return letter === 'f' || letter === 'd' || letter === 'v' ? letter : 'i';
}
