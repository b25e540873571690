/** What happens between linking and the first call: ifunc resolvers, destructors registered, constructors run. */
import { callError } from '../call/callable.js';
import { present } from '../core/assert.js';
import { address, type Address } from '../core/ids.js';
import type { Composition } from './compose.js';
import type { LoadedModule } from './loaded-module.js';

/** Priority of a constructor that names none, and of those in ELF objects. */
const defaultPriority = 65_535;

interface Hook {
  readonly priority: number;
  /** Address of the 8-byte cell that holds the function's address now. */
  readonly cell: Address;
  /** Address of the function that stays valid for as long as the engine lives. */
  readonly entry: bigint;
}

/** Runs what modules want run once (I2). */
export class Startup {
  readonly #parts: Composition;

  /** @param parts - The engine's parts. */
  constructor(parts: Composition) {
    this.#parts = parts;
  }

  /**
   * Starts modules that were just linked, as a program loader does: resolvers first, then destructors are
   * registered to run after everything that `atexit` is given, then constructors by priority, modules in the
   * order they were added.
   *
   * @param homes - The modules.
   * @param done - Names of constructors and destructors that are not run or registered again.
   */
  run(homes: readonly LoadedModule[], done: ReadonlySet<string> = new Set()): void {
    for (const home of homes) this.#resolve(home);
    const byPriority = (one: Hook, other: Hook): number => one.priority - other.priority;
    const destructors = homes.flatMap((home) => this.#hooks(home, 'destructors', done)).sort(byPriority);
    for (const hook of destructors) this.#atExit(hook);
    const constructors = homes.flatMap((home) => this.#hooks(home, 'constructors', done)).sort(byPriority);
    for (const hook of constructors) this.#call(hook.cell);
  }

  #resolve({ record }: LoadedModule): void {
    const { symbols, table, directCalls } = this.#parts;
    for (const { name, resolver } of record.ifuncs) {
      const slot = symbols.resolve(name)?.definition.slot;
      const asked = symbols.resolve(resolver)?.definition.slot;
      if (slot === undefined || asked === undefined) continue;
      const chosen = this.#call(table.slotAddress(asked));
      table.publish(slot, address(Number(chosen)));
      directCalls.repoint([slot]);
    }
  }

  #hooks(home: LoadedModule, kind: 'constructors' | 'destructors', done: ReadonlySet<string>): Hook[] {
    const { symbols, table } = this.#parts;
    const wanted = home.record[kind].filter(({ name }) => !done.has(name));
    const own = wanted.map(({ name, priority }) => {
      const slot = present(symbols.resolve(name)?.definition.slot, `the hook ${name} is a linked function`);
      return { priority, cell: table.slotAddress(slot), entry: BigInt(table.stubAddress(slot)) };
    });
    return [...own, ...hooksOfObject(home, kind)];
  }

  #atExit(hook: Hook): void {
    const { addon, engine, host, targets, table } = this.#parts;
    const failed = (error: unknown): unknown => callError(host, error, 'atexit');
    const atexit = targets.farSlot(address(Number(addon.engineRuntimeSymbol(engine, 'atexit'))));
    const register = addon.bindFunction(engine, BigInt(table.slotAddress(atexit)), '4p', 'atexit', failed);
    register(hook.entry);
  }

  #call(cell: Address): bigint {
    const { addon, engine, host } = this.#parts;
    try {
      return addon.callPlain(engine, BigInt(cell));
    } catch (error) {
      throw callError(host, error, 'a constructor or resolver');
    }
  }
}

/** An ELF object lists its hooks in cells of its constants, relocated to the functions' addresses. */
function hooksOfObject(
  { record, data: [first] }: LoadedModule,
  kind: 'constructors' | 'destructors',
): Hook[] {
  const data = first?.image;
  const block = data?.placement.readonly;
  if (record.canonical.kind !== 'object' || data === undefined || block === undefined) return [];
  const view = new DataView(block.bytes.buffer, block.bytes.byteOffset, block.bytes.byteLength);
  return data[kind].map((cell) => ({
    priority: defaultPriority,
    cell,
    entry: view.getBigUint64(cell - block.address, true),
  }));
}
