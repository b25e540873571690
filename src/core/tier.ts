/** What a tier is: a recipe for compiling a unit, as data. */

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
