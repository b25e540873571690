/** How does start-up grow with a program of which always the same is called, and what do others take? */
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant } from './contestant.js';
import { type Findings, median, printFindings } from './findings.js';
import { manyFunctions, type ProgramSize } from './generators/many-functions.js';
import { runTrial } from './trial.js';
import { compileBitcode, inputFolder } from './toolchain.js';
import { readWords } from './words.js';

/** What scripts/bench.mjs has built. */
interface Built {
  readonly command: string;
  readonly lljit: string;
}

interface Program {
  readonly name: string;
  readonly paths: readonly string[];
  readonly bytes: number;
}

const called = 100;
/** Functions of the program, and of each of its modules at most. */
const sizes = [100, 1_000, 10_000, 100_000];
const mostInModule = 1_000;
const oneFile: ProgramSize = { modules: 1, functions: 2_500, called };

/** Compiles a program, unless that was done before: the largest takes clang a minute. */
function program(name: string, size: ProgramSize): Program {
  const folder = inputFolder();
  const texts = manyFunctions(size);
  const paths = texts.map((text, index) => {
    const file = `${name}-${String(index)}`;
    const path = join(folder, `${file}.bc`);
    const source = join(folder, `${file}.c`);
    if (existsSync(path) && existsSync(source) && readFileSync(source, 'utf8') === text) return path;
    rmSync(path, { force: true });
    return compileBitcode(folder, file, text);
  });
  return { name, paths, bytes: paths.reduce((sum, path) => sum + statSync(path).size, 0) };
}

function tierlink(
  { command }: Built,
  name: string,
  { paths }: Program,
  options: readonly string[],
): Contestant {
  return {
    name,
    role: 'subject',
    program: process.execPath,
    args: [command, 'run', '--quiet', ...options, ...paths],
  };
}

async function measure(contestants: readonly Contestant[], runs: number): Promise<number[]> {
  const times: number[][] = contestants.map(() => []);
  const outputs = new Set<string>();
  for (let run = 1; run <= runs; run += 1) {
    for (const [index, contestant] of contestants.entries()) {
      process.stderr.write(`round ${String(run)} of ${String(runs)}: ${contestant.name}\n`);
      const { firstByteMs, output } = await runTrial(contestant, []);
      outputs.add(output);
      times[index]?.push(firstByteMs);
    }
  }
  if (outputs.size !== 1) throw new Error(`outputs differ: ${JSON.stringify([...outputs])}`);
  return times.map(median);
}

const { field, asJson, runs } = readWords(5);
// Safe because scripts/bench.mjs, which starts this process, has just written it.
const built = JSON.parse(readFileSync(field, 'utf8')) as Built;
const cold = ['--no-cache', '--unit', 'function'];

const grown: { readonly functions: number; readonly ms: number; readonly bytes: number }[] = [];
for (const functions of sizes) {
  const ofModule = Math.min(functions, mostInModule);
  const size = { modules: functions / ofModule, functions: ofModule, called };
  const made = program(`scale-${String(functions)}`, size);
  const [ms = Number.NaN] = await measure(
    [tierlink(built, `${String(functions)} functions`, made, cold)],
    runs,
  );
  grown.push({ functions, ms, bytes: made.bytes });
}

const file = program('one-file', oneFile);
const cache = join('build', 'bench', 'scale-cache');
const lli = (kind: string): Contestant => ({
  name: `lli -jit-kind=${kind} -O0`,
  role: 'peer',
  program: 'lli-22',
  args: [`-jit-kind=${kind}`, '-O0', ...file.paths],
});
const contestants: readonly Contestant[] = [
  tierlink(built, 'tierlink, nothing cached', file, cold),
  tierlink(built, 'tierlink, warm cache', file, ['--cache', cache, '--unit', 'function']),
  tierlink(built, 'tierlink, whole modules', file, ['--no-cache', '--unit', 'module']),
  lli('mcjit'),
  lli('orc'),
  { name: 'LLJIT -O0', role: 'peer', program: built.lljit, args: ['-O0', ...file.paths, '--'] },
];
// What is compiled is kept by the first start, what was called together by the second.
for (let start = 0; start < 2; start += 1)
  for (const contestant of contestants) if (contestant.args.includes(cache)) await runTrial(contestant, []);
const times = await measure(contestants, runs);
const [own = Number.NaN, , , mcjit = Number.NaN] = times;

const [smallest] = grown;
const findings: Findings = {
  question: `From process start to the first byte, of programs that call ${String(called)} of their functions`,
  sheets: [
    {
      title: `Modules of at most ${String(mostInModule)} functions, nothing cached`,
      head: ['functions', 'bitcode, MB', 'ms', 'ms a further MB'],
      rows: grown.map(({ functions, ms, bytes }) => {
        const more = (bytes - (smallest?.bytes ?? 0)) / 1e6;
        return [
          String(functions),
          bytes / 1e6,
          ms,
          more === 0 ? undefined : (ms - (smallest?.ms ?? 0)) / more,
        ];
      }),
    },
    {
      title: `One file of ${String(oneFile.functions)} functions`,
      head: ['', 'ms', 'times lli mcjit'],
      rows: contestants.map(({ name }, index) => [name, times[index], (times[index] ?? Number.NaN) / mcjit]),
    },
  ],
  goals: [
    {
      name: 'one file: nothing cached, times lli -jit-kind=mcjit -O0',
      found: own / mcjit,
      atMost: 0.35,
      unit: '',
    },
  ],
  notes: ['Each function has some sixty instructions, and calls others that never run.'],
};
printFindings(findings, asJson);
