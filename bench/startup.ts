/** How long is it from process start to the first byte of output of a small program of many modules? */
import { join } from 'node:path';
import { readField } from './contestant.js';
import { print } from './report.js';
import { runRounds } from './rounds.js';
import { readWords } from './words.js';

const { field: path, asJson, runs } = readWords(10);
const field = readField(path);
const trials = await runRounds(field.contestants, [join(field.scripts, 'hello.lua')], runs);
print(
  {
    question: 'From process start to the first byte of "print(1)" in Lua (33 modules)',
    unit: 'ms',
    columns: ['first byte'],
    rows: field.contestants.map(({ name, role }, index) => ({
      name,
      role,
      samples: [(trials[index] ?? []).map((trial) => trial.firstByteMs)],
    })),
    absent: field.absent,
  },
  asJson,
);
