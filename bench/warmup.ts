/** How soon is a program fast, and how long does it take for so much work, from process start and with all compiling? */
import { geometricMean, median, printFindings, type Sheet } from './findings.js';
import { bestMs, Lines, type Passes, passesFor, runPasses } from './passes.js';
import { asWebAssembly, native, onOrc, tiered } from './program-builds.js';
import type { Contestant } from './contestant.js';
import { plotLines } from './plot.js';
import { type Built, type Program, readBuilt, wholePrograms } from './programs.js';
import { readWords } from './words.js';

/** Work, in seconds of -O2. */
const works = [1, 3, 10, 30];
/** Of tierlink so much is run, and of the others, whose speed does not change any more; the rest is reckoned. */
const tieredWorkMs = 5000;
const peerWorkMs = 700;
const calibrationPasses = 12;
/** Speed that counts as warm, by that at the end. */
const wantedShare = 0.9;
/** Passes whose median has to be fast: a single one may be by chance. */
const passesInARow = 5;
/** Of all passes, those whose median is the speed at the end. */
const endShare = 0.25;

/** One process, by what matters here. */
interface Found {
  /** Until passes are as fast as wanted, and stay so for some; Infinity: never. */
  readonly warmMs: number;
  /** For each of the works. */
  readonly totalMs: readonly number[];
}

/** Whether it is measured or reckoned, when a number of passes has ended. */
function endOf({ endMs, passMs }: Passes, passes: number): number {
  const measured = endMs[passes - 1];
  if (measured !== undefined) return measured;
  return (endMs.at(-1) ?? Number.NaN) + (passes - endMs.length) * endSpeed(passMs);
}

const endSpeed = (passMs: readonly number[]): number =>
  median(passMs.slice(-Math.max(passesInARow, Math.ceil(passMs.length * endShare))));

function warmMs({ endMs, passMs }: Passes): number {
  const wanted = endSpeed(passMs) / wantedShare;
  for (let index = 0; index < passMs.length; index += 1) {
    const row = passMs.slice(index, index + passesInARow);
    if (median(row) <= wanted) return (endMs[index] ?? Infinity) - (passMs[index] ?? 0);
  }
  return Infinity;
}

function peersOf(program: Program, built: Built): readonly Contestant[] {
  const peers = [
    native(program, '-O0'),
    native(program, '-O2'),
    onOrc(program, built, '-O0'),
    onOrc(program, built, '-O2'),
  ];
  const wasm = program.kind === 'lua' ? undefined : asWebAssembly(program, built);
  return wasm === undefined ? peers : [...peers, wasm];
}

/** Peers that failed, and why. */
const failures: string[] = [];

/** All rounds of a program: its contestants, tierlink first; undefined: a peer that can't run it. */
async function measure(program: Program, built: Built, runs: number): Promise<(Found | undefined)[]> {
  const lines = new Lines();
  const field = [tiered(program), ...peersOf(program, built)];
  const calibrated = await runPasses(program, native(program, '-O2'), calibrationPasses, lines);
  const passMs = bestMs(calibrated, 1);
  const found = field.map((): Found[] => []);
  for (let round = 1; round <= runs; round += 1) {
    for (const [index, contestant] of field.entries()) {
      const workMs = index === 0 ? tieredWorkMs : peerWorkMs;
      const passes = await tryPasses(program, contestant, passesFor(passMs, workMs), lines);
      if (passes === undefined) continue;
      const totalMs = works.map((seconds) => endOf(passes, passesFor(passMs, seconds * 1000)));
      found[index]?.push({ warmMs: warmMs(passes), totalMs });
    }
  }
  return found.map((rounds) => {
    if (rounds.length === 0) return undefined;
    const totalMs = works.map((_, work) => median(rounds.map((one) => one.totalMs[work] ?? Number.NaN)));
    return { warmMs: median(rounds.map((one) => one.warmMs)), totalMs };
  });
}

/** A peer that fails is left out, with a note; tierlink may not fail. */
async function tryPasses(
  program: Program,
  contestant: Contestant,
  passes: number,
  lines: Lines,
): Promise<Passes | undefined> {
  try {
    return await runPasses(program, contestant, passes, lines);
  } catch (error) {
    if (contestant.role === 'subject' || !(error instanceof Error)) throw error;
    failures.push(`${program.name}: ${error.message.split('\n', 1)[0] ?? ''}`);
    return undefined;
  }
}

const names = ['tierlink', 'clang -O0', 'clang -O2', 'LLJIT -O0', 'LLJIT -O2', 'WebAssembly'];
const { field, asJson, runs, plot } = readWords(1);
const built = readBuilt(field);
const programs = wholePrograms(built);
const results: (Found | undefined)[][] = [];
for (const program of programs) results.push(await measure(program, built, runs));

const warmSheet: Sheet = {
  title: `Time from process start until ${String(wantedShare)} of the speed at the end, ms`,
  head: ['', ...names],
  rows: programs.map(({ name }, at) => [name, ...names.map((_, index) => results[at]?.[index]?.warmMs)]),
};
const workSheets = works.map((seconds, work): Sheet => {
  const rows = programs.map(({ name }, at): (string | number | undefined)[] => {
    const total = (index: number): number | undefined => results[at]?.[index]?.totalMs[work];
    const own = total(0) ?? Number.NaN;
    const ratios = names.slice(1).map((_, index) => {
      const other = total(index + 1);
      return other === undefined ? undefined : own / other;
    });
    return [name, own, ...ratios];
  });
  const means = names.slice(1).map((_, index) => {
    const ratios = rows.map((row) => row[index + 2]).filter((ratio) => typeof ratio === 'number');
    return geometricMean(ratios);
  });
  return {
    title: `${String(seconds)} s of work of -O2: all of it by tierlink, ms, and by the time of the others`,
    head: ['', ...names],
    rows: [...rows, ['geometric mean', undefined, ...means]],
  };
});
printFindings(
  {
    question: 'How soon is a program fast, and how long does work take from process start to end?',
    sheets: [warmSheet, ...workSheets],
    goals: [],
    notes: [
      'Lua takes no part as WebAssembly, nor does what can’t be built so here.',
      ...failures,
      'clang’s own compile time is not counted; that of all others is.',
      `Work beyond ${String(tieredWorkMs / 1000)} s of tierlink and ${String(peerWorkMs / 1000)} s of the others is ` +
        `reckoned from the median of the last quarter of their passes.`,
    ],
  },
  asJson,
);
if (plot !== undefined) {
  const base = names.indexOf('clang -O2');
  /** Of those programs that both can run. */
  const mean = (index: number, work: number): number => {
    const ratios = results.map(
      (found) => (found[index]?.totalMs[work] ?? NaN) / (found[base]?.totalMs[work] ?? NaN),
    );
    return geometricMean(ratios.filter((ratio) => !Number.isNaN(ratio)));
  };
  plotLines(plot, {
    title: 'Work from process start to end, compiling included, by the time of static clang -O2',
    unit: 'ratio',
    xName: 'work, in seconds of clang -O2',
    x: works,
    series: names.map((name, index) => ({ name, values: works.map((_, work) => mean(index, work)) })),
  });
}
