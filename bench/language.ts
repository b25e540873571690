/** How fast is the example language, once it is warm, beside Node's own JS and clang -O2 doing the same? */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Contestant } from './contestant.js';
import { print, type Row } from './report.js';
import { runRounds } from './rounds.js';
import { inputFolder } from './toolchain.js';
import type { Trial } from './trial.js';
import { readWords } from './words.js';

/** Sizes at which a pass takes clang's code some tens of milliseconds. */
const programs: readonly (readonly [name: string, n: number])[] = [
  ['nbody', 500_000],
  ['spectral-norm', 500],
  ['fannkuch', 9],
  ['binary-trees', 13],
  ['mandelbrot', 500],
];
const passes = 20;
const lastPasses = 5;

/** The best of the last passes. */
function passMs({ lineMs }: Trial): number {
  const times = lineMs.slice(1).map((atMs, index) => atMs - (lineMs[index] ?? Number.NaN));
  return Math.min(...times.slice(-lastPasses));
}

function contestants(): readonly Contestant[] {
  const native = join(inputFolder(), 'language-kernels');
  execFileSync('clang-22', ['-O2', join('bench', 'language', 'kernels.c'), '-lm', '-o', native], {
    stdio: 'inherit',
  });
  const trial = fileURLToPath(new URL('language/trial.js', import.meta.url));
  const own = (how: string): Pick<Contestant, 'program' | 'args'> => ({
    program: process.execPath,
    args: [trial, how],
  });
  return [
    { name: 'tierlink', role: 'subject', ...own('rill') },
    { name: 'tierlink, all at peak', role: 'peer', ...own('peak') },
    { name: "Node's JS", role: 'peer', ...own('js') },
    { name: 'clang -O2', role: 'peer', program: native, args: [] },
  ];
}

const { asJson, runs } = readWords(3);
const field = contestants();
const rows: Row[] = field.map(({ name, role }) => ({ name, role, samples: [] }));
for (const [name, n] of programs) {
  const trials = await runRounds(field, [name, String(n), String(passes)], runs);
  for (const [index, row] of rows.entries()) {
    rows[index] = { ...row, samples: [...row.samples, (trials[index] ?? []).map(passMs)] };
  }
}
print(
  {
    question: `The best of the last ${String(lastPasses)} of ${String(passes)} passes over each program`,
    unit: 'ms',
    columns: programs.map(([name, n]) => `${name} ${String(n)}`),
    rows,
    absent: [],
  },
  asJson,
);
