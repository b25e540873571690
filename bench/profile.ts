/** What does a profile gain, each of its uses alone and all together, and what does counting cost? */
import { join } from 'node:path';
import { profileUses, type TierRecipe } from '../src/core/tier.js';
import { baseline, peak, quick } from '../tiers/recipes.js';
import type { Contestant } from './contestant.js';
import { geometricMean, printFindings, type Sheet } from './findings.js';
import { bestMs, Lines, runPasses } from './passes.js';
import type { ProfileSetting } from './profile-trial.js';
import { bitcodeOf } from './program-builds.js';
import { eachProgram, type Program, readBuilt } from './programs.js';
import { inputFolder } from './toolchain.js';
import { readWords } from './words.js';

/** Passes take about ten milliseconds at -O2. */
const passes = { optimised: 60, plain: 24, long: 60, short: 1 };
/** All functions are compiled in the first passes. */
const warmShare = 0.5;
/** Noise of a single program's figure. */
const noise = 1.05;

/** A way to make code, and how many passes it makes. */
interface Way {
  readonly name: string;
  readonly recipe: TierRecipe;
  /** Which profile it begins with. */
  readonly trained?: 'long' | 'short';
  readonly passes: number;
}

const unprofiled: TierRecipe = { ...peak, profileUses: [] };
const quiet: TierRecipe = {
  ...baseline,
  name: 'quick',
  passes: quick.passes,
  codegenLevel: quick.codegenLevel,
  counters: false,
  osr: false,
};
const plain: TierRecipe = { ...baseline, counters: false, osr: false };
const using = (
  name: string,
  uses: TierRecipe['profileUses'] = profileUses,
  trained: Way['trained'] = 'long',
): Way => ({
  name,
  recipe: { ...peak, profileUses: uses },
  trained,
  passes: passes.optimised,
});

/** Of each group all are compared with the first. */
const gains: readonly Way[] = [
  { name: 'no profile', recipe: unprofiled, passes: passes.optimised },
  using('branches', ['branches']),
  using('branches, split', ['branches', 'split']),
  using('calls', ['calls']),
  using('inlining', ['inlining']),
  using('all but split', ['branches', 'calls', 'inlining']),
  using('all'),
  using('all, of one pass', profileUses, 'short'),
];
const costs: readonly Way[] = [
  { name: 'baseline, plain', recipe: plain, passes: passes.plain },
  { name: 'with call counters', recipe: { ...plain, counters: true }, passes: passes.plain },
  { name: 'and polls', recipe: baseline, passes: passes.plain },
];
const counting: readonly Way[] = [
  { name: 'quick, plain', recipe: quiet, passes: passes.plain },
  { name: 'with edges and values', recipe: { ...quiet, profile: 'collect' }, passes: passes.plain },
  { name: 'and call counters, polls', recipe: quick, passes: passes.plain },
];
const ways = [...gains, ...costs, ...counting];

function contestant(program: Program, name: string, setting: ProfileSetting): Contestant {
  const trial = join('build', 'bench', 'bench', 'profile-trial.js');
  const words = ['--setting', JSON.stringify(setting), '--modules', bitcodeOf(program).join('\n'), '--'];
  return { name, role: 'subject', program: process.execPath, args: [trial, ...words] };
}

/** Milliseconds of a pass by way, in each round. */
type Found = ReadonlyMap<string, readonly number[]>;

async function measure(program: Program, runs: number): Promise<Found> {
  const lines = new Lines();
  const trained = async (length: 'long' | 'short'): Promise<string> => {
    const out = join(inputFolder(), `${program.name.replaceAll(/\W+/g, '-')}-${length}.profdata`);
    const counted = contestant(program, `training, ${length}`, { recipe: quick, out });
    await runPasses(program, counted, passes[length], lines);
    return out;
  };
  const profiles = { long: await trained('long'), short: await trained('short') };
  const found = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let round = 1; round <= runs; round += 1) {
    for (const way of ways) {
      const use = way.trained === undefined ? {} : { use: profiles[way.trained] };
      const one = contestant(program, way.name, { recipe: way.recipe, ...use });
      found.get(way.name)?.push(bestMs(await runPasses(program, one, way.passes, lines), warmShare));
    }
  }
  return found;
}

/** The best of all rounds: what else the machine does makes a process slower, by up to a half for seconds. */
function bestOf(found: Found, way: Way): number {
  return Math.min(...(found.get(way.name) ?? []));
}

function ratio(found: Found, way: Way, first: Way): number {
  return bestOf(found, way) / bestOf(found, first);
}

function sheet(title: string, results: ReadonlyMap<string, Found>, group: readonly Way[]): Sheet {
  const [first, ...others] = group;
  if (first === undefined) throw new Error('a group has something to compare with');
  const rows = [...results].map(([name, found]) => [
    name,
    bestOf(found, first),
    ...others.map((way) => ratio(found, way, first)),
  ]);
  const means = others.map((way) =>
    geometricMean([...results.values()].map((found) => ratio(found, way, first))),
  );
  return {
    title,
    head: ['', `${first.name}, ms`, ...others.map(({ name }) => name)],
    rows: [...rows, ['geometric mean', undefined, ...means]],
  };
}

/** The highest ratio of a program, and the mean of all. */
function extremes(results: ReadonlyMap<string, Found>, group: readonly Way[], name: string) {
  const [first] = group;
  const way = group.find((one) => one.name === name);
  if (first === undefined || way === undefined) throw new Error(`there is a way ${name}`);
  const ratios = [...results.values()].map((found) => ratio(found, way, first));
  return { worst: Math.max(...ratios), mean: geometricMean(ratios) };
}

const { field, asJson, runs } = readWords(3);
const results = new Map<string, Found>();
for (const program of eachProgram(readBuilt(field))) results.set(program.name, await measure(program, runs));
printFindings(
  {
    question:
      'What does a profile gain at peak, and what does counting cost? Times by those of the first column',
    sheets: [
      sheet('Used at peak, each use alone and together', results, gains),
      sheet('Counted at baseline', results, costs),
      sheet('Counted at quick', results, counting),
    ],
    goals: [
      {
        name: 'baseline, counting calls',
        found: extremes(results, costs, 'with call counters').mean,
        atMost: 1.25,
        unit: '',
      },
      {
        name: 'a profile of long, worst program',
        found: extremes(results, gains, 'all').worst,
        atMost: noise,
        unit: '',
      },
      {
        name: 'a profile of one pass, worst program',
        found: extremes(results, gains, 'all, of one pass').worst,
        atMost: noise,
        unit: '',
      },
    ],
    notes: [
      'Every function is compiled by one recipe when it is first called, and stays there.',
      'The profile is of the same program doing the same work at quick: for as long, or for one pass.',
    ],
  },
  asJson,
);
