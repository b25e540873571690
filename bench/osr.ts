/** How soon does a program run at its best that never leaves the loop it is in, and what do polls cost where it begins? */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { compileBitcode, inputFolder } from './toolchain.js';
import type { Contestant } from './contestant.js';
import { median, printFindings, type Sheet } from './findings.js';
import { type KernelName, kernelNames, loopInMain } from './generators/loop-in-main.js';
import { runTrial } from './trial.js';
import { readWords } from './words.js';

/** How long each program runs, in milliseconds. */
const programMs = 1500;
/** Slices whose median has to be fast: a single one may be by chance. */
const slicesInARow = 5;
const wantedShare = 0.9;
const wantedMs = 300;
/** Work for counting instructions, in units; none, for what is no work. */
const countedUnits = 400;

/** A stretch of a run: when it ended, in ms since main began, and units of work per ms of processor time. */
interface Slice {
  readonly atMs: number;
  readonly rate: number;
}

const clang = 'clang-22';
const perf = 'perf';
const command = join('dist', 'src', 'main.cjs');

/** The same program in all its forms. */
function contestants(kernel: KernelName): Readonly<Record<'tierlink' | 'without' | 'o2' | 'o0', Contestant>> {
  const folder = inputFolder();
  const path = compileBitcode(folder, `loop-${kernel}`, loopInMain(kernel));
  const native = (level: string): Contestant => {
    const program = join(folder, `loop-${kernel}${level}`);
    execFileSync(clang, [level, join(folder, `loop-${kernel}.c`), '-o', program], { stdio: 'inherit' });
    return { name: `static ${level}`, role: 'peer', program, args: [] };
  };
  const tiered = (name: string, ...options: readonly string[]): Contestant => {
    const args = [command, 'run', '--quiet', '--no-cache', ...options, path, '--'];
    return { name, role: 'subject', program: process.execPath, args };
  };
  return {
    tierlink: tiered('tierlink'),
    without: tiered('tierlink --no-osr', '--no-osr'),
    o2: native('-O2'),
    o0: native('-O0'),
  };
}

async function slicesOf(contestant: Contestant): Promise<Slice[]> {
  const { output } = await runTrial(contestant, [String(programMs), '999999999']);
  return output
    .trim()
    .split('\n')
    .map((line) => {
      const [wall = 0, used = 0, units = 0] = line.split(' ').map(Number);
      return { atMs: wall / 1e3, rate: (units / used) * 1e3 };
    });
}

const lastHalf = (slices: readonly Slice[]): number =>
  median(slices.filter(({ atMs }) => atMs > programMs / 2).map(({ rate }) => rate));

/** When it began to be as fast as wanted, and stayed so for some slices; Infinity: never. */
function reachedMs(slices: readonly Slice[], rate: number): number {
  for (let index = 0; index + slicesInARow <= slices.length; index += 1) {
    const row = slices.slice(index, index + slicesInARow);
    if (median(row.map((slice) => slice.rate)) >= rate) return row[0]?.atMs ?? Infinity;
  }
  return Infinity;
}

/** Instructions of a program at the lowest tier, for so much work. */
function instructions(kernel: KernelName, units: number, ...options: readonly string[]): number {
  const path = join(inputFolder(), `loop-${kernel}.bc`);
  const words = ['stat', '-x,', '-e', 'instructions:u', '-o', join(inputFolder(), 'perf.csv'), '--'];
  const run = [process.execPath, command, 'run', '--quiet', '--no-cache', '--policy', 'never', ...options];
  execFileSync(perf, [...words, ...run, path, '--', '60000', String(units)], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const counted = execFileSync('grep', ['instructions', join(inputFolder(), 'perf.csv')], {
    encoding: 'utf8',
  });
  return Number(counted.split(',')[0]);
}

/** Instructions of a unit of work with polls, for each without. */
function costOfPolls(kernel: KernelName): number {
  const [polling = 0, plain = 1] = [[], ['--no-osr']].map((options) => {
    const whole = instructions(kernel, countedUnits * 10, ...options);
    return whole - instructions(kernel, countedUnits, ...options);
  });
  return polling / plain;
}

function hasPerf(): boolean {
  try {
    execFileSync(perf, ['stat', '-e', 'instructions:u', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const { asJson, runs } = readWords(5);
const rows: (string | number)[][] = [];
const reached: number[] = [];
const polls: number[] = [];
const counts = hasPerf();
for (const kernel of kernelNames) {
  const field = contestants(kernel);
  const times: number[] = [];
  const rates = { tierlink: [] as number[], without: [] as number[], o2: [] as number[], o0: [] as number[] };
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`${kernel}: round ${String(run)} of ${String(runs)}\n`);
    const slices = {
      o2: await slicesOf(field.o2),
      tierlink: await slicesOf(field.tierlink),
      without: await slicesOf(field.without),
      o0: await slicesOf(field.o0),
    };
    const best = lastHalf(slices.tierlink);
    // At its own best, or that of the static build: whichever is harder.
    times.push(reachedMs(slices.tierlink, wantedShare * Math.max(best, lastHalf(slices.o2))));
    for (const name of ['tierlink', 'without', 'o2', 'o0'] as const) rates[name].push(lastHalf(slices[name]));
  }
  const o2 = median(rates.o2);
  const poll = counts ? costOfPolls(kernel) : Number.NaN;
  reached.push(median(times));
  polls.push(poll);
  rows.push([
    kernel,
    median(times),
    median(rates.tierlink) / o2,
    median(rates.without) / o2,
    median(rates.o0) / o2,
    counts ? poll : '–',
  ]);
}
const sheet: Sheet = {
  title: `One loop in main, ${String(programMs)} ms; speeds are work per processor time, static -O2 is 1`,
  head: [
    '',
    `ms to ${String(wantedShare)} of the best`,
    'then',
    'without OSR',
    'static -O0',
    'instructions with polls',
  ],
  rows,
};
printFindings(
  {
    question: 'How soon is a loop left that never ends, and what do polls cost?',
    sheets: [sheet],
    goals: [
      {
        name: `${String(wantedShare)} of the optimised speed, slowest kernel`,
        found: Math.max(...reached),
        atMost: wantedMs,
        unit: 'ms',
      },
      ...(counts
        ? [
            {
              name: 'instructions with polls, worst kernel',
              found: Math.max(...polls),
              atMost: 1.05,
              unit: '',
            },
          ]
        : []),
    ],
    notes: counts ? [] : ['perf can’t count instructions here'],
  },
  asJson,
);
