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

/** A stretch of a run: when it ended, in ms since main began, and units of work per ms of processor time. */
interface Slice {
  readonly atMs: number;
  readonly rate: number;
}

const clang = 'clang-22';
const command = join('dist', 'src', 'main.cjs');

const forms = ['o2', 'tierlink', 'polling', 'without', 'o0'] as const;

type Form = (typeof forms)[number];

/** The same program in all its forms; `polling` and `without` stay at the lowest tier. */
function contestants(kernel: KernelName): Readonly<Record<Form, Contestant>> {
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
    polling: tiered('tierlink --policy never', '--policy', 'never'),
    without: tiered('tierlink --policy never --no-osr', '--policy', 'never', '--no-osr'),
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

const { asJson, runs } = readWords(5);
const rows: (string | number)[][] = [];
const reached: number[] = [];
const polls: number[] = [];
for (const kernel of kernelNames) {
  const field = contestants(kernel);
  const times: number[] = [];
  const found: Record<Form, number[]> = { o2: [], tierlink: [], polling: [], without: [], o0: [] };
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`${kernel}: round ${String(run)} of ${String(runs)}\n`);
    let own: readonly Slice[] = [];
    for (const form of forms) {
      const slices = await slicesOf(field[form]);
      if (form === 'tierlink') own = slices;
      found[form].push(lastHalf(slices));
    }
    // At its own best, or that of the static build: whichever is harder.
    const best = Math.max(found.tierlink.at(-1) ?? 0, found.o2.at(-1) ?? 0);
    times.push(reachedMs(own, wantedShare * best));
  }
  const by = (form: Form, other: Form): number =>
    median(found[form].map((rate, run) => rate / (found[other][run] ?? Number.NaN)));
  const costOfPolls = by('without', 'polling');
  reached.push(median(times));
  polls.push(costOfPolls);
  rows.push([kernel, median(times), by('tierlink', 'o2'), by('without', 'o2'), by('o0', 'o2'), costOfPolls]);
}
const sheet: Sheet = {
  title: `One loop in main, ${String(programMs)} ms; speeds are work per processor time, static -O2 is 1`,
  head: [
    '',
    `ms to ${String(wantedShare)} of the best`,
    'then',
    'without OSR',
    'static -O0',
    'time with polls',
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
      { name: 'time with polls, worst kernel', found: Math.max(...polls), atMost: 1.05, unit: '' },
    ],
    notes: ['Times are from the beginning of main. Polls are looked at in the lowest tier.'],
  },
  asJson,
);
