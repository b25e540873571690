/** Where a symbol is found: each resolver in turn, and last a body that a module offered for inlining only. */
import { present } from '../core/assert.js';
import { type Address, address, type ModuleId } from '../core/ids.js';
import type { Definition, Use } from '../registry/definition.js';
import type { Registry } from '../registry/registry.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import { ask } from '../resolve/answer.js';
import type { ArchiveResolver } from '../resolve/archive-resolver.js';
import { ModuleResolver } from '../resolve/module-resolver.js';
import type { SymbolAnswer, SymbolQuery, SymbolResolver } from '../resolve/symbol-resolver.js';

/** What a symbol stands for. */
export type Found =
  | { readonly kind: 'definition'; readonly definition: Definition; readonly offset: number }
  | { readonly kind: 'address'; readonly address: Address }
  | {
      readonly kind: 'thread-local';
      readonly module: bigint;
      readonly offset: number;
      readonly staticOffset: number | undefined;
    };

/** A module that a resolver wants to be added. */
export type OfferedModule = Extract<SymbolAnswer, { readonly kind: 'module' }>;

/** What the chain searches with. */
export interface SymbolChainParts {
  readonly symbols: SymbolTable;
  readonly registry: Pick<Registry, 'has' | 'module' | 'newest'>;
  /** What the runtime puts in the place of a function of libc, or 0n. */
  readonly runtime: (symbol: string) => bigint;
  /** In order; one of them is a {@link ModuleResolver}. */
  readonly resolvers: readonly SymbolResolver[];
}

/** The resolvers of one engine, and what they answered. */
export class SymbolChain {
  readonly #parts: SymbolChainParts;
  readonly #before: Stretch;
  readonly #modules: SymbolResolver;
  /** Archives that were added as modules; asked right after the modules. */
  readonly #archives: ArchiveResolver[] = [];
  readonly #after: Stretch;
  /** The newest module that there was when a module was linked. */
  readonly #newestAtLink = new Map<string, ModuleId>();

  /** @param parts - Resolvers and what they are told. */
  constructor(parts: SymbolChainParts) {
    this.#parts = parts;
    const at = parts.resolvers.findIndex((resolver) => resolver instanceof ModuleResolver);
    this.#modules = present(parts.resolvers[at], 'a chain has a link for the modules');
    this.#before = new Stretch(parts.resolvers.slice(0, at));
    this.#after = new Stretch(parts.resolvers.slice(at + 1));
  }

  /** What is searched, in order and in words, for messages. */
  get searched(): readonly string[] {
    const all = [...this.#before.resolvers, this.#modules, ...this.#archives, ...this.#after.resolvers];
    return all.map(({ description }) => description).filter((description) => description !== '');
  }

  /** From now on members of this archive may join. */
  addArchive(archive: ArchiveResolver): void {
    this.#archives.push(archive);
  }

  /**
   * What a symbol stands for. Nothing joins for it: who only offers a module is passed over.
   *
   * @param name - Its name.
   * @param use - How it is used.
   * @param module - Name of the module that needs it.
   * @returns What it stands for, or undefined.
   * @throws TierlinkError RESOLVER_FAILED
   */
  find(name: string, use: SymbolQuery['use'], module: string): Found | undefined {
    const query = this.#query(name, use, module);
    const answer =
      this.#before.find(query, module) ??
      this.#modules.resolve(query) ??
      this.#after.find(query, module) ??
      // A body that was offered for inlining only.
      ({ kind: 'defined', symbol: name } as const);
    return this.#found(answer);
  }

  /**
   * Whether a body that was offered for inlining only has to stand in, because no resolver has the symbol.
   *
   * @param definition - The body.
   * @returns True if the symbol stands for it.
   * @throws TierlinkError RESOLVER_FAILED
   */
  needs(definition: Definition): boolean {
    const found = this.find(definition.name, queriedUse(definition), definition.module);
    return found?.kind === 'definition' && found.definition === definition;
  }

  /**
   * The module that has to join so that a symbol is found, as a static linker takes a member of an archive.
   *
   * @param name - Name of the symbol.
   * @param use - How it is used.
   * @param module - Name of the module that needs it.
   * @returns A module that is not registered; undefined when a resolver has the symbol itself, or none knows it.
   * @throws TierlinkError RESOLVER_FAILED
   */
  offer(name: string, use: SymbolQuery['use'], module: string): OfferedModule | undefined {
    const query = this.#query(name, use, module);
    const isNew = (offered: OfferedModule): boolean => !this.#parts.registry.has(offered.name);
    const answer =
      this.#before.findOrOffer(query, module, isNew) ??
      this.#modules.resolve(query) ??
      this.#archives
        .map((archive) => archive.member(name))
        .find((member) => member !== undefined && isNew(member)) ??
      this.#after.findOrOffer(query, module, isNew);
    return answer?.kind === 'module' ? answer : undefined;
  }

  /**
   * Notes which modules are about to be linked. A definition that is registered later does not take the place of what
   * they were given, not when they are recompiled either (I1).
   */
  begin(modules: readonly string[]): void {
    const { newest } = this.#parts.registry;
    for (const name of modules) this.#newestAtLink.set(name, newest);
  }

  /** True if two modules were linked when there were the same modules: each name stands for the same in both. */
  areLinkedAlike(one: string, other: string): boolean {
    return this.#newestAtLink.get(one) === this.#newestAtLink.get(other);
  }

  /**
   * They are linked: what was answered stays.
   *
   * @param names - The only symbols that this is about; by default all.
   */
  keep(names?: readonly string[]): void {
    this.#before.keep(names);
    this.#after.keep(names);
  }

  /** They are not linked: what was answered since is forgotten (I8). */
  forget(modules: readonly string[]): void {
    this.#before.forget();
    this.#after.forget();
    for (const name of modules) this.#newestAtLink.delete(name);
  }

  #query(name: string, use: SymbolQuery['use'], module: string): SymbolQuery {
    const { runtime } = this.#parts;
    return { name, use, isDefined: (symbol) => this.#isDefined(symbol, use, module), runtime };
  }

  #isDefined(symbol: string, use: SymbolQuery['use'], module: string): boolean {
    const definition = this.#parts.symbols.resolve(symbol)?.definition;
    if (definition === undefined || definition.binding === 'fallback') return false;
    const newest = this.#newestAtLink.get(module);
    const isLate = newest !== undefined && this.#parts.registry.module(definition.module).id > newest;
    return !isLate || !this.#after.knows(symbol, use);
  }

  #found(answer: SymbolAnswer): Found | undefined {
    switch (answer.kind) {
      case 'defined': {
        const resolved = this.#parts.symbols.resolve(answer.symbol);
        if (resolved === undefined) return undefined;
        return { kind: 'definition', definition: resolved.definition, offset: resolved.offset };
      }
      case 'address':
        return { kind: 'address', address: address(Number(answer.address)) };
      case 'thread-local': {
        const { kind, module, offset, staticOffset } = answer;
        const fixed = staticOffset === undefined ? undefined : Number(staticOffset);
        return { kind, module, offset: Number(offset), staticOffset: fixed };
      }
      case 'module':
        return undefined;
    }
  }
}

/** Resolvers that are asked one after the other, and what they answered. */
class Stretch {
  readonly resolvers: readonly SymbolResolver[];
  /** Answers that linked code uses; `undefined`: none of them knew it. */
  readonly #kept = new Map<string, SymbolAnswer | undefined>();
  /** Answers to what is being linked. */
  readonly #pending = new Map<string, SymbolAnswer | undefined>();

  constructor(resolvers: readonly SymbolResolver[]) {
    this.resolvers = resolvers;
  }

  find(query: SymbolQuery, module: string): SymbolAnswer | undefined {
    if (this.resolvers.length === 0) return undefined;
    const key = keyOf(query.name, query.use);
    if (this.#kept.has(key)) return this.#kept.get(key);
    if (this.#pending.has(key)) return this.#pending.get(key);
    const answer = this.#ask(query, module, () => false);
    this.#pending.set(key, answer);
    return answer;
  }

  /** The same, or the first module on the way that may join. */
  findOrOffer(
    query: SymbolQuery,
    module: string,
    mayJoin: (offered: OfferedModule) => boolean,
  ): SymbolAnswer | undefined {
    const key = keyOf(query.name, query.use);
    const known = this.#kept.get(key) ?? this.#pending.get(key);
    if (known !== undefined) return known;
    const answer = this.#ask(query, module, mayJoin);
    if (answer !== undefined && answer.kind !== 'module') this.#pending.set(key, answer);
    return answer;
  }

  /** True if one of them had the symbol itself. */
  knows(name: string, use: SymbolQuery['use']): boolean {
    const key = keyOf(name, use);
    return (this.#kept.get(key) ?? this.#pending.get(key)) !== undefined;
  }

  keep(names?: readonly string[]): void {
    const keys = names?.flatMap((name) => [keyOf(name, 'code'), keyOf(name, 'tls')]);
    for (const key of keys ?? [...this.#pending.keys()]) {
      if (!this.#pending.has(key)) continue;
      this.#kept.set(key, this.#pending.get(key));
      this.#pending.delete(key);
    }
  }

  forget(): void {
    this.#pending.clear();
  }

  #ask(
    query: SymbolQuery,
    module: string,
    mayJoin: (offered: OfferedModule) => boolean,
  ): SymbolAnswer | undefined {
    for (const resolver of this.resolvers) {
      const answer = ask(resolver, query, module);
      if (answer === undefined || (answer.kind === 'module' && !mayJoin(answer))) continue;
      return answer;
    }
    return undefined;
  }
}

/** How a module's use of a symbol is put to resolvers. */
export function queriedUse({ kind }: Pick<Use, 'kind'>): SymbolQuery['use'] {
  switch (kind) {
    case 'function':
      return 'code';
    case 'thread-local':
      return 'tls';
    case 'variable':
    case 'unknown':
      return 'data';
  }
}

/** Code and data have one answer, thread-locals another. */
function keyOf(name: string, use: SymbolQuery['use']): string {
  return use === 'tls' ? `tls ${name}` : name;
}
