/** How long is it from process start to the first byte of output of a small program of many modules? */
import { join } from 'node:path';
import { readField } from './contestant.js';
import { median } from './findings.js';
import { plotBars } from './plot.js';
import { print } from './report.js';
import { runRounds } from './rounds.js';
import { readWords } from './words.js';

const { field: path, asJson, runs, plot } = readWords(10);
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
if (plot !== undefined) {
  const found = field.contestants.map(({ name }, index) => ({
    name,
    ms: median((trials[index] ?? []).map((trial) => trial.firstByteMs)),
  }));
  const ordered = found.toSorted((one, other) => one.ms - other.ms);
  const names = ordered.map(({ name }) => name);
  plotBars(plot, {
    title: 'From process start to the first byte of "print(1)" in Lua (33 modules)',
    unit: 'ms, logarithmic',
    names,
    series: [{ name: '', values: ordered.map(({ ms }) => ms) }],
    subjects: names.filter((name) => name.startsWith('tierlink')),
    isLogarithmic: true,
  });
}
