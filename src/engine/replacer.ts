/**
 * Gives a module new source while the program runs. Functions of the same name and type keep their slots, variables of
 * the same name and type their places; all that can't be matched is found before anything changes.
 */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import type { ReplacedEvent } from '../core/events.js';
import type { LinkedImage } from '../link/image.js';
import { Transaction } from '../memory/transaction.js';
import type { Definition } from '../registry/definition.js';
import type { ModuleRecord } from '../registry/records.js';
import { buildTogether } from './batch-builder.js';
import type { Composition } from './compose.js';
import type { Linked } from './link-batch.js';
import { firstUnits, isCompiling, type LoadedModule, settled } from './loaded-module.js';
import type { ModuleReader } from './module-reader.js';
import { reachedUnits } from './reached-units.js';
import { runExitHandlers } from './remover.js';
import { takeSlots } from './slots.js';
import type { SourceBytes } from './source.js';
import type { Startup } from './startup.js';

/** What becomes of a replaced module's variables. */
export interface ReplaceOptions {
  /**
   * `keep`: variables stay as they are, constructors that ran are not run again. `reset`: exit handlers of the module
   * run, then its variables get the values that the new source gives them, then its constructors run.
   * @defaultValue 'keep'
   */
  readonly state?: 'keep' | 'reset';
}

/** How definitions of the new source go with those before. */
interface Matching {
  readonly functions: readonly (readonly [before: Definition, after: Definition])[];
  readonly variables: readonly (readonly [before: Definition, after: Definition])[];
  readonly added: readonly Definition[];
  readonly gone: readonly Definition[];
  readonly problems: readonly string[];
}

/** Replaces modules of one engine. */
export class Replacer {
  readonly #parts: Composition;
  readonly #reader: ModuleReader;
  readonly #startup: Startup;

  /**
   * @param parts - The engine's parts.
   * @param reader - Reads the new source.
   * @param startup - Runs its constructors.
   */
  constructor(parts: Composition, reader: ModuleReader, startup: Startup) {
    this.#parts = parts;
    this.#reader = reader;
    this.#startup = startup;
  }

  /**
   * Replaces a linked module.
   *
   * @param home - The module.
   * @param source - The new source, bitcode or IR.
   * @param state - What becomes of its variables.
   * @returns What was done.
   * @throws TierlinkError UNIT_PINNED, REPLACE_MISMATCH, and those of reading, compiling and linking (as rejections); the
   *   module is as it was then.
   */
  async replace(home: LoadedModule, source: SourceBytes, state: 'keep' | 'reset'): Promise<ReplacedEvent> {
    this.#parts.lifecycles.supersede(home);
    while (isCompiling(home)) await settled(home);
    const before = home.record;
    const after = this.#read(before, source);
    const wantsData = state === 'reset' || !sameData(before, after);
    const matching = this.#match(before, after, state, wantsData);
    if (matching.problems.length > 0) {
      throw new TierlinkError('REPLACE_MISMATCH', { module: before.name, problems: matching.problems });
    }
    this.#parts.symbols.check(after.definitions);
    this.#reader.checkUses(after);
    const swap = new Swap(this.#parts, home, before, after, matching);
    const replacement = { record: after, wantsData };
    await buildTogether(
      this.#parts,
      [{ home, units: firstUnits(home), target: 0, replacement }],
      'replaced',
      {
        // Compiled, not linked: from here to the publish nothing else runs on this thread.
        whenQuiescent: (commit) => {
          this.#completeReached(home, matching.gone);
          swap.run(commit);
          return Promise.resolve();
        },
        beforePublish: ([linked]) => {
          swap.beforePublish(present(linked, 'the batch has one member'), state);
        },
      },
    );
    this.#parts.chain.keep();
    const done =
      state === 'reset' ? [] : [...before.constructors, ...before.destructors].map(({ name }) => name);
    this.#startup.run([home], new Set(done));
    const event = this.#report(before.name, matching, swap.overwritten);
    this.#parts.emit('replaced', event);
    this.#parts.reclaimer.soon();
    return event;
  }

  /** Threads that are in code of the module may go on to functions that it has no more, and that were never called. */
  #completeReached(home: LoadedModule, gone: readonly Definition[]): void {
    const { addon, engine, lifecycles, settings } = this.#parts;
    if (gone.length === 0 || addon.engineMutatorsInside(engine) === 0) return;
    const names = new Set(gone.map(({ name }) => name));
    for (;;) {
      const reached = reachedUnits(home, settings.relocations === 'preserve');
      const left = reached.filter(({ name }) => names.has(name));
      if (left.length === 0) return;
      try {
        lifecycles.compileNow(home, left);
      } catch {
        // A call of it is told so.
        return;
      }
    }
  }

  #read(before: ModuleRecord, source: SourceBytes): ModuleRecord {
    const { name } = before;
    const pinned = (reason: string): TierlinkError =>
      new TierlinkError('UNIT_PINNED', { module: name, reason });
    if (before.pinned !== '') throw pinned(before.pinned);
    if (source.format === 'object' || source.format === 'archive') {
      throw pinned(`its new source is an ${source.format === 'object' ? 'object file' : 'archive'}`);
    }
    const after = this.#reader.read({ id: before.id, name }, source);
    if (after.pinned !== '') throw pinned(`in its new source ${after.pinned}`);
    return after;
  }

  #match(before: ModuleRecord, after: ModuleRecord, state: 'keep' | 'reset', wantsData: boolean): Matching {
    const coming = new Map(after.definitions.map((definition) => [definition.name, definition]));
    const functions: [Definition, Definition][] = [];
    const variables: [Definition, Definition][] = [];
    const gone: Definition[] = [];
    const problems: string[] = [];
    for (const old of before.definitions) {
      const now = coming.get(old.name);
      const users = this.#parts.withdrawal.usersOf(old);
      if (now !== undefined && matches(old, now) && !(now.anonymous && wantsData)) {
        coming.delete(old.name);
        (old.kind === 'function' ? functions : variables).push([old, now]);
      } else {
        if (now === undefined || old.kind === 'function') gone.push(old);
        if (old.anonymous) continue;
        const problem = problemOf(old, now, users, state);
        if (problem !== undefined) problems.push(problem);
      }
    }
    return {
      functions,
      variables,
      added: [...coming.values()],
      gone,
      problems: [
        ...problems,
        ...threadProblems(before, after, state),
        ...(wantsData && after.distances
          ? ['differences of addresses in its variables can’t be copied']
          : []),
      ],
    };
  }

  #report(
    module: string,
    { functions, variables, added, gone }: Matching,
    overwritten: ReadonlySet<string>,
  ): ReplacedEvent {
    const names = (definitions: readonly Definition[]): string[] =>
      definitions.flatMap(({ name, anonymous }) => (anonymous ? [] : [name]));
    const stayed = names(variables.map(([, after]) => after));
    return {
      module,
      matched: names(functions.map(([, after]) => after)),
      added: names(added),
      removed: names(gone),
      kept: stayed.filter((name) => !overwritten.has(name)),
      reset: stayed.filter((name) => overwritten.has(name)),
    };
  }
}

/** The exchange of one module's definitions; all of it happens at one moment, and can be taken back until the publish. */
class Swap {
  /** Variables that got new values where they were. */
  readonly overwritten = new Set<string>();
  #comeBack: () => void = () => undefined;
  readonly #parts: Composition;
  readonly #home: LoadedModule;
  readonly #before: ModuleRecord;
  readonly #after: ModuleRecord;
  readonly #matching: Matching;

  constructor(
    parts: Composition,
    home: LoadedModule,
    before: ModuleRecord,
    after: ModuleRecord,
    matching: Matching,
  ) {
    this.#parts = parts;
    this.#home = home;
    this.#before = before;
    this.#after = after;
    this.#matching = matching;
  }

  /** Exchanges the definitions, links and publishes; or leaves all as it was. */
  run(commit: () => void): void {
    const { memory, symbols, registry, uses, withdrawal } = this.#parts;
    const home = this.#home;
    const before = this.#before;
    const after = this.#after;
    const { slots } = home;
    const gone = this.#matching.gone.filter(
      (old) => symbols.lookup(old.name) === old && old.kind === 'function',
    );
    const transaction = new Transaction(memory);
    // None of them is used by others: that would have been a problem.
    const withdrawn = withdrawal.prepare(before.name, gone, () => false);
    for (const [old, now] of [...this.#matching.functions, ...this.#matching.variables]) {
      now.slot = old.slot;
      now.placed = old.placed;
    }
    symbols.replace(before.definitions, after.definitions);
    registry.add(after);
    uses.remove(before);
    uses.add(after);
    home.record = after;
    try {
      takeSlots(this.#parts, transaction, home);
      home.cutOff = () => {
        withdrawn.cutOff();
      };
      commit();
      if (home.unitKind === 'function') this.#parts.publisher.startOver(home);
    } catch (error) {
      transaction.abort();
      withdrawn.abort();
      symbols.replace(after.definitions, before.definitions);
      registry.add(before);
      uses.remove(after);
      uses.add(before);
      home.record = before;
      home.slots = slots;
      home.cutOff = undefined;
      throw error;
    }
    transaction.commit();
    withdrawn.commit();
    home.generation += 1;
    this.#parts.unitCompiler.forget(before);
    this.#parts.profiles.replaced(before);
    this.#comeBack();
  }

  /** Sets the variables that don't keep their values; then nothing fails any more, and nothing of it is in use. */
  beforePublish({ data }: Linked, state: 'keep' | 'reset'): void {
    if (state === 'reset') runExitHandlers(this.#parts, this.#home);
    this.#setVariables(data, state);
    this.#comeBack = this.#parts.dependents.fallBack(this.#home);
  }

  #setVariables(data: Linked['data'], state: 'keep' | 'reset'): void {
    if (data === undefined) return;
    for (const [old, now] of this.#matching.variables) {
      const constant = data.image.symbols.get(now.name)?.place === 'readonly';
      if (old.placed === undefined || old.kind !== 'variable' || (state === 'keep' && !constant)) continue;
      if (this.#overwrite(old.placed.address, now, data.image)) this.overwritten.add(now.name);
    }
  }

  /** Copies what a variable holds in an image to where it is. */
  #overwrite(at: number, { name, size }: Definition, image: LinkedImage): boolean {
    const symbol = image.symbols.get(name);
    if (symbol === undefined || symbol.place === 'tls' || symbol.place === 'absolute') return false;
    const from = image.placement[symbol.place];
    const blocks = this.#home.data.flatMap((known) => known.blocks);
    const to = blocks.find((block) => at >= block.address && at + size <= block.address + block.size);
    if (from === undefined || to === undefined) return false;
    const now = from.bytes.subarray(symbol.offset, symbol.offset + size);
    if (to.region === 'readonly') {
      if (Buffer.compare(to.bytes.subarray(at - to.address, at - to.address + size), now) === 0) return false;
      if (!this.#parts.memory.patchable) {
        const problems = [`constant ${name} is another one there, and the memory manager protects it`];
        throw new TierlinkError('REPLACE_MISMATCH', { module: this.#before.name, problems });
      }
    }
    to.bytes.set(now, at - to.address);
    return true;
  }
}

/** Same data bitcode: all variables and constants are what they were. */
function sameData({ canonical: one }: ModuleRecord, { canonical: other }: ModuleRecord): boolean {
  if (one.kind !== 'ir' || other.kind !== 'ir') return false;
  if (one.data === null || other.data === null) return other.data === null;
  return Buffer.compare(one.data, other.data) === 0;
}

function matches(old: Definition, now: Definition): boolean {
  if (old.kind !== now.kind || old.type !== now.type) return false;
  return old.kind === 'function' || (old.size === now.size && old.alignment >= now.alignment);
}

function problemOf(
  old: Definition,
  now: Definition | undefined,
  users: readonly string[],
  state: 'keep' | 'reset',
): string | undefined {
  const shown = (definition: Definition): string =>
    definition.kind === 'function'
      ? definition.type
      : `${definition.type} of ${String(definition.size)} bytes`;
  const what = `${old.kind} ${old.name} (${shown(old)})`;
  const by = users.length === 0 ? '' : `, used by ${users.join(', ')},`;
  if (now === undefined) return users.length === 0 ? undefined : `${what}${by} is missing`;
  // What nobody else refers to may become anything, unless its value was to be kept.
  const lost = old.kind !== 'function' && state === 'keep';
  return users.length === 0 && !lost ? undefined : `${what}${by} is ${now.kind} (${shown(now)}) there`;
}

/** Each thread has its own copies of thread-locals, laid out once: they can be kept, not changed. */
function threadProblems(before: ModuleRecord, after: ModuleRecord, state: 'keep' | 'reset'): string[] {
  const ofThreads = ({ definitions }: ModuleRecord): Definition[] =>
    definitions.filter(({ kind }) => kind === 'thread-local');
  const old = ofThreads(before);
  if (old.length === 0) return [];
  if (state === 'reset') return ['thread-locals can be kept, but not be reset'];
  const known = new Map(old.map((definition) => [definition.name, definition]));
  const now = ofThreads(after);
  const added = now.filter(({ name }) => !known.has(name));
  return added.map(
    ({ name }) => `thread-local ${name} is added to others that threads have copies of already`,
  );
}
