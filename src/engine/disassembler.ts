/** Shows people the machine code of functions. */
import { CompileTicket, askedFor } from '../core/compile-ticket.js';
import { TierlinkError } from '../core/errors.js';
import type { TierRecipe } from '../core/tier.js';
import type { NativeAddon, ShownInstruction } from '../native/contract.js';
import { compileError } from '../native/failures.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import { type LoadedModule, unitOf } from './loaded-module.js';
import type { UnitCompiler } from './unit-compiler.js';

/** The machine code of a function at a tier. */
export interface Disassembly {
  readonly module: string;
  readonly function: string;
  readonly tier: string;
  readonly instructions: readonly ShownInstruction[];
}

/** What a disassembler works with. */
export interface DisassemblerParts {
  readonly addon: Pick<NativeAddon, 'disassemble'>;
  readonly symbols: Pick<SymbolTable, 'resolve' | 'ofFiles'>;
  readonly homeOf: (module: string) => LoadedModule;
  readonly unitCompiler: Pick<UnitCompiler, 'compileCode'>;
  readonly tiers: readonly TierRecipe[];
}

/** Compiles functions to be looked at: nothing is linked, and nothing that runs is touched. */
export class Disassembler {
  readonly #parts: DisassemblerParts;

  /** @param parts - Compiler, symbols. */
  constructor(parts: DisassemblerParts) {
    this.#parts = parts;
  }

  /** See `Engine.disassemble`. */
  async disassemble(name: string, tierName: string): Promise<Disassembly> {
    const { addon, symbols, homeOf, unitCompiler, tiers } = this.#parts;
    const ofFiles = symbols.ofFiles(name);
    const found =
      symbols.resolve(name) ?? (ofFiles.length === 1 ? symbols.resolve(ofFiles[0] ?? '') : undefined);
    if (found?.definition.kind !== 'function')
      throw new TierlinkError('SYMBOL_UNKNOWN', { symbol: name, ofFiles });
    const tier = tiers.find((recipe) => recipe.name === tierName);
    if (tier === undefined) {
      throw new TierlinkError('TIER_UNKNOWN', { tier: tierName, known: tiers.map((recipe) => recipe.name) });
    }
    const home = homeOf(found.definition.module);
    const { record } = home;
    const module = record.name;
    if (record.canonical.kind === 'object') {
      throw new TierlinkError('UNIT_PINNED', { module, reason: record.pinned });
    }
    // An alias has no code of its own.
    const symbol = found.definition.name;
    const { object } = await unitCompiler.compileCode({
      home,
      record,
      wantsData: false,
      units: [unitOf(home, symbol)],
      tier,
      reason: 'disassembly',
      ticket: new CompileTicket(askedFor),
    });
    const shown = addon.disassemble(object, symbol);
    if ('kind' in shown) throw compileError(shown, module, tierName);
    return { module, function: symbol, tier: tierName, instructions: shown };
  }
}
