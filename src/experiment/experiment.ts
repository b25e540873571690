/** What an experiment is: programs, policies, ladders and repetitions, as data that can be checked. */
import { TierlinkError } from '../core/errors.js';
import type { TierRecipe } from '../core/tier.js';
import { ladder as checkedLadder } from '../../tiers/recipes.js';
import { policyNames } from '../engine/policies.js';

/**
 * How it is known how much a program has done. `lines`: lines that it has written to stdout. `calls`: calls of a function
 * `void name(void)` that the program declares and calls, and does not define; the experiment does.
 */
export type Marks = { readonly kind: 'lines' } | { readonly kind: 'calls'; readonly of: string };

/** A program. Paths of modules and of stdin are relative to the experiment's file. */
export interface ExperimentProgram {
  /** Modules and archives. */
  readonly modules: readonly string[];
  readonly args?: readonly string[];
  /** A file to read from. @defaultValue nothing */
  readonly stdin?: string;
  /** Shared libraries: paths, or names that the dynamic linker finds. */
  readonly libraries?: readonly string[];
  /** @defaultValue none: only times are known, no throughput */
  readonly marks?: Marks;
}

/** A policy with what it is told. */
export interface ExperimentPolicy {
  /** Name of a shipped one; with `module` only a name for the report. */
  readonly policy?: string;
  /** Of the policy `counters`. */
  readonly thresholds?: Readonly<Record<string, number>>;
  /** A JavaScript module whose default export is a policy. */
  readonly module?: string;
  /** Whether slower versions are rolled back. */
  readonly rollback?: boolean;
}

/** Programs by policies by ladders by repetitions. */
export interface Experiment {
  readonly name: string;
  /** By name. */
  readonly programs: Readonly<Record<string, ExperimentProgram>>;
  /** By name, or names of shipped ones. */
  readonly policies: readonly string[] | Readonly<Record<string, string | ExperimentPolicy>>;
  /** Ladders by name, lowest rung first. @defaultValue the shipped one, named `default` */
  readonly tiers?: Readonly<Record<string, readonly (string | TierRecipe)[]>>;
  /** Trials of each kind. @defaultValue 5 */
  readonly repetitions?: number;
  /** Milliseconds between samples of throughput, queue and code. @defaultValue 50 */
  readonly windowMs?: number;
  /** Milliseconds after which a trial is ended. @defaultValue 120000 */
  readonly timeoutMs?: number;
  /** @defaultValue one for each processor, at most 4 */
  readonly compileThreads?: number;
}

/** One trial of an experiment, for a process of its own. Paths are absolute. */
export interface TrialOrder {
  readonly program: string;
  readonly policy: string;
  readonly tiers: string;
  /** From 0. */
  readonly repetition: number;
  readonly run: ExperimentProgram;
  readonly decide: ExperimentPolicy;
  readonly ladder: readonly (string | TierRecipe)[];
  readonly windowMs: number;
  readonly compileThreads?: number;
}

/**
 * Gives an experiment its type, for files that describe one.
 *
 * @param experiment - The description.
 * @returns The same.
 *
 * @example
 * ```ts
 * export default defineExperiment({
 *   name: 'warm-up of the kernels',
 *   programs: { sort: { modules: ['sort.bc'], marks: { kind: 'lines' } } },
 *   policies: ['counters', 'hotspot', 'budgeted'],
 * });
 * ```
 */
export function defineExperiment(experiment: Experiment): Experiment {
  return experiment;
}

/**
 * Checks an experiment and takes it apart into trials. Repetitions are the outermost loop, so that what changes on the
 * machine meanwhile meets all kinds alike.
 *
 * @param experiment - As it was described; may come from JSON.
 * @param resolve - Makes paths absolute.
 * @returns The trials, in the order in which they are to run.
 * @throws TierlinkError OPTION_INVALID, TIER_UNKNOWN
 */
export function trialsOf(experiment: Experiment, resolve: (path: string) => string): TrialOrder[] {
  const { repetitions = 5, windowMs = 50, compileThreads } = experiment;
  const programs = entriesOf('programs', experiment.programs);
  const policies = policiesOf(experiment.policies);
  const ladders = entriesOf(
    'tiers',
    experiment.tiers ?? { default: ['baseline', 'quick', 'optimized', 'peak'] },
  );
  whole('repetitions', repetitions, 1000);
  whole('windowMs', windowMs, 60_000);
  if (compileThreads !== undefined) whole('compileThreads', compileThreads, 64);
  if (experiment.timeoutMs !== undefined) whole('timeoutMs', experiment.timeoutMs, 2 ** 31 - 1);
  for (const [, rungs] of ladders) checkedLadder(rungs);
  for (const [name, program] of programs) checkProgram(name, program);
  const trials: TrialOrder[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1)
    for (const [program, run] of programs)
      for (const [tiers, ladder] of ladders)
        for (const [policy, decide] of policies)
          trials.push({
            program,
            policy,
            tiers,
            repetition,
            run: absolute(run, resolve),
            decide: decide.module === undefined ? decide : { ...decide, module: resolve(decide.module) },
            ladder,
            windowMs,
            ...(compileThreads === undefined ? {} : { compileThreads }),
          });
  return trials;
}

function policiesOf(given: Experiment['policies']): [string, ExperimentPolicy][] {
  const named = Array.isArray(given)
    ? Object.fromEntries((given as readonly string[]).map((name) => [name, name]))
    : (given as Readonly<Record<string, string | ExperimentPolicy>>);
  return entriesOf('policies', named).map(([name, policy]) => {
    const settled = typeof policy === 'string' ? { policy } : policy;
    const isKnown = policyNames.some((known) => known === settled.policy);
    if (settled.module === undefined && !isKnown)
      throw invalid(`policies.${name}`, String(settled.policy), `${policyNames.join(', ')}, or a module`);
    return [name, settled];
  });
}

function checkProgram(name: string, { modules, marks }: ExperimentProgram): void {
  if (!Array.isArray(modules) || modules.length === 0)
    throw invalid(`programs.${name}.modules`, 'none', 'one or more paths');
  // What comes from JSON may be of any kind.
  const kind: string = marks?.kind ?? 'lines';
  if (kind !== 'lines' && kind !== 'calls') throw invalid(`programs.${name}.marks`, kind, 'lines or calls');
  if (marks?.kind === 'calls' && !/^[\w.$]+$/.test(marks.of))
    throw invalid(`programs.${name}.marks.of`, marks.of, 'the name of a function');
}

function absolute(program: ExperimentProgram, resolve: (path: string) => string): ExperimentProgram {
  const { modules, stdin } = program;
  return {
    ...program,
    modules: modules.map(resolve),
    ...(stdin === undefined ? {} : { stdin: resolve(stdin) }),
  };
}

function entriesOf<Value>(option: string, record: Readonly<Record<string, Value>>): [string, Value][] {
  const entries = typeof record === 'object' ? Object.entries(record) : [];
  if (entries.length === 0) throw invalid(option, 'empty', 'one or more, by name');
  return entries;
}

function whole(option: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw invalid(option, String(value), `a whole number from 1 to ${String(most)}`);
}

function invalid(option: string, value: string, expected: string): TierlinkError {
  return new TierlinkError('OPTION_INVALID', { option: `experiment.${option}`, value, expected });
}
