/** What the engine knows about modules, units and versions. */
import type { Address, ModuleId, VersionId } from '../core/ids.js';
import type { TierRecipe } from '../core/tier.js';
import type { MemoryBlock } from '../memory/block.js';
import type { Definition, Use } from './definition.js';

/** One compiled and linked result of a unit at a tier. */
export interface Version {
  readonly id: VersionId;
  readonly module: string;
  readonly tier: TierRecipe;
  readonly reason: string;
  /** Memory it holds. */
  readonly blocks: readonly MemoryBlock[];
  /** Bytes of its code block. */
  readonly codeBytes: number;
  readonly relocations: { readonly count: number; readonly bytes: number };
  readonly compileMs: number;
  readonly linkUs: number;
  /** Milliseconds since the engine was created at which it was published. */
  readonly atMs: number;
  /** Entry of each function it defines. */
  readonly entries: ReadonlyMap<string, Address>;
  /** Where the cold part of a function lies, if it lies apart: behind all entries. */
  readonly coldParts: ReadonlyMap<string, Address>;
  /** What it was linked from, if that says which lines its code comes from (src/engine/source-lines.ts). */
  readonly linesOf: Uint8Array | undefined;
  /** Its registered unwind table, if it has one. */
  readonly frames: Address | undefined;
}

/** A constructor or destructor of a module. */
export interface Hook {
  readonly name: string;
  /** Lower runs earlier (constructors), later (destructors). */
  readonly priority: number;
}

/** A module as it was registered; `canonical` is what every tier starts from. */
export interface ModuleRecord {
  readonly id: ModuleId;
  readonly name: string;
  /** Bitcode of functions and of variables; an ELF object is prepared once and not kept as bytes. */
  readonly canonical:
    | { readonly kind: 'ir'; readonly code: Uint8Array; readonly data: Uint8Array | null }
    | { readonly kind: 'object' };
  readonly definitions: readonly Definition[];
  readonly uses: readonly Use[];
  readonly constructors: readonly Hook[];
  readonly destructors: readonly Hook[];
  /** Functions that are named by calling a resolver. */
  readonly ifuncs: readonly { readonly name: string; readonly resolver: string }[];
  /** Why it can't be recompiled, or ''. */
  readonly pinned: string;
  /** Why its functions can't be compiled one by one, or ''. */
  readonly whole: string;
  /** True when variables hold differences of addresses: a copy of such a value elsewhere means nothing. */
  readonly distances: boolean;
  /** True when no body was read yet: `uses` may have what no body uses. */
  readonly unread: boolean;
  /** IR instructions; of a module whose bodies were not read, about. */
  readonly instructions: number;
}
