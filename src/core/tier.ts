/** What a tier is: a recipe for compiling a unit, as data. */

/**
 * What a profile is used for. `branches`: code is laid out, loops are transformed and registers allocated by how often
 * each way was gone. `calls`: indirect calls and memory operations get special cases for the targets and sizes they mostly
 * had. `inlining`: the hotter a call, the larger the body that is inlined. `split`: what is cold in a function comes behind
 * all code of its version that is not; it is told by `branches`, so nothing is split without.
 */
export type ProfileUse = 'branches' | 'calls' | 'inlining' | 'split';

/** All of them. */
export const profileUses: readonly ProfileUse[] = ['branches', 'calls', 'inlining', 'split'];

/** One rung of the ladder; `tiers/recipes.ts` holds the shipped ones. */
export interface TierRecipe {
  /** Name, unique in a ladder. */
  readonly name: string;
  /** LLVM pass pipeline in LLVM's text form. */
  readonly passes: string;
  /** LLVM's code generation level: 0 none, 1 less, 2 default, 3 aggressive. Must match the pipeline. */
  readonly codegenLevel: 0 | 1 | 2 | 3;
  /** True: code for the CPU of this machine; false: the CPU the module names, or plain x86-64. */
  readonly hostCpu: boolean;
  /**
   * What is added to the CPU's features, or taken away: LLVM's names with a sign each, such as `+avx2,-avx512f`. One that is
   * unknown, or that this machine would have to have and doesn't, fails each compile (COMPILE_FAILED).
   *
   * @defaultValue nothing
   */
  readonly features?: string;
  /** True: every function counts its calls down to a tier request. */
  readonly counters: boolean;
  /**
   * True: every loop polls whether it should be left for a better version.
   *
   * @defaultValue false
   */
  readonly osr?: boolean;
  /**
   * `collect`: the code counts its edges, the targets of its indirect calls and the sizes of its memory operations.
   * `use`: it is optimised for what was counted.
   *
   * @defaultValue neither
   */
  readonly profile?: 'collect' | 'use';
  /**
   * What a profile that is used is used for.
   *
   * @defaultValue all four
   */
  readonly profileUses?: readonly ProfileUse[];
  /**
   * When functions are compiled one by one: how many IR instructions of other functions of the module come along to be
   * inlined. Those that must be always come.
   *
   * @defaultValue 0
   */
  readonly importBudget?: number;
  /**
   * True: they may be of other modules, too. A version that any were taken for is out of use before one of these modules
   * gets new source or is removed.
   *
   * @defaultValue false
   */
  readonly inlineAcross?: boolean;
  /**
   * True: calls between functions of one unit stay inside the version. False: they go through stub or
   * slot, so that a recursive or long-running caller reaches a newer version at its next call.
   */
  readonly bindLocalCalls: boolean;
}

/**
 * Tells the loops of one tier's code from those of another, in names; two tiers that share them would do no harm.
 *
 * @param name - The tier's name.
 * @returns Letters, digits and underlines.
 */
export function loopTag(name: string): string {
  return name.replaceAll(/\W/g, '_');
}
