/** How fast is a program of several seconds, as a whole and once it runs at its best? */
import { join } from 'node:path';
import { readField } from './contestant.js';
import { print } from './report.js';
import { runRounds } from './rounds.js';
import type { Trial } from './trial.js';
import { readWords } from './words.js';

const passes = 60;
/** The best of the last passes: a pause of the machine in one of them is no part of the answer. */
const lastPasses = 6;

function steadyMs({ lineMs }: Trial): number {
  const times = lineMs.slice(1).map((atMs, index) => atMs - (lineMs[index] ?? Number.NaN));
  return Math.min(...times.slice(-lastPasses));
}

const { field: path, asJson, runs } = readWords(3);
const field = readField(path);
const trials = await runRounds(field.contestants, [join(field.scripts, 'steady.lua'), String(passes)], runs);
print(
  {
    question: `${String(passes)} passes over six kernels in Lua: the process from start to end, and a pass at the end`,
    unit: 'ms',
    columns: ['process', 'pass'],
    rows: field.contestants.map(({ name, role }, index) => {
      const own = trials[index] ?? [];
      return { name, role, samples: [own.map((trial) => trial.wallMs), own.map(steadyMs)] };
    }),
    absent: field.absent,
  },
  asJson,
);
