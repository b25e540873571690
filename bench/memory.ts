/** How much memory do preserved relocations take, and does publishing a unit again and again take more and more? */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileModules } from './compiled-modules.js';
import { type Findings, type Goal, median, printFindings, type Sheet } from './findings.js';
import { largeUnit, largeUnitFunctions } from './generators/large-unit.js';
import { republishedUnit } from './generators/republished.js';
import { type PreservedBytes, preservedTrial } from './preserved-trial.js';
import { type HeldMemory, republishTrial } from './republish-trial.js';
import { compileBitcode, inputFolder } from './toolchain.js';
import { readWords } from './words.js';

const publishes = 10_000;
const every = 2_000;
/** What a preserved relocation may take. */
const bytesEach = 8;
/** Of what is called flat: room for what a process does besides, a hundredth in 8,000 publishes. */
const flat = 1.01;

/** A question to a process of its own. */
type Trial =
  | { readonly kind: 'preserved'; readonly paths: readonly string[] }
  | { readonly kind: 'republish'; readonly bitcode: string };

/** Objects whose relocations are preserved. */
interface Preserved {
  readonly name: string;
  readonly paths: readonly string[];
  readonly found: PreservedBytes[];
}

async function objectsOf(folder: string, stem: string, bitcode: readonly string[]): Promise<string[]> {
  const objects = await compileModules(bitcode);
  return objects.map(({ name, bytes }) => {
    const path = resolve(join(folder, `${stem}-${name}.o`));
    writeFileSync(path, bytes);
    return path;
  });
}

/** V8's young generation has the size from the start that it grows to once, while the first thousands of publishes run. */
const flags = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'];

function inProcess(trial: Trial, folder: string): unknown {
  const path = join(folder, 'memory.json');
  writeFileSync(path, JSON.stringify(trial));
  const words = [...flags, fileURLToPath(import.meta.url), '--trial', path];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }));
}

async function answer(trial: Trial): Promise<unknown> {
  return trial.kind === 'preserved'
    ? preservedTrial(trial.paths)
    : await republishTrial(trial.bitcode, publishes, every);
}

function preservedSheet(all: readonly Preserved[]): Sheet {
  return {
    title: 'Bytes for each preserved relocation, indexes included',
    head: ['', 'relocations', 'objects', 'as counted', 'as held by the process'],
    rows: all.map(({ name, paths, found }) => {
      const { counted, relocations } = found[0] ?? { counted: 0, relocations: 0 };
      const held = median(found.map((bytes) => bytes.held));
      return [name, relocations, paths.length, counted / relocations, held / relocations];
    }),
  };
}

type Kind = 'resident' | 'used' | 'heap';
const kinds: readonly (readonly [Kind, string])[] = [
  ['resident', 'process (RSS)'],
  ['used', 'regions of the engine'],
  ['heap', 'JS after collection'],
];

function republishSheet(trials: readonly (readonly HeldMemory[])[]): Sheet {
  const rows = (trials[0] ?? []).map(({ publishes: count }, index) => [
    count,
    ...kinds.map(([kind]) => median(trials.map((trial) => trial[index]?.[kind] ?? Number.NaN)) / 1024),
  ]);
  return {
    title: 'KiB held after publishes of one unit',
    head: ['publishes', ...kinds.map(([, name]) => name)],
    rows,
  };
}

function goalsOf(all: readonly Preserved[], trials: readonly (readonly HeldMemory[])[]): Goal[] {
  const preserved = all.flatMap(({ name, found }) =>
    (['counted', 'held'] as const).map((how) => ({
      name: `${name}: each, as ${how}`,
      found: median(found.map((bytes) => bytes[how] / bytes.relocations)),
      atMost: bytesEach,
      unit: 'bytes',
    })),
  );
  const growth = kinds.map(([kind, name]) => ({
    name: `${name}: after ${publishes.toLocaleString('en')} publishes, times after ${every.toLocaleString('en')}`,
    found: median(
      trials.map((held) => (held.at(-1)?.[kind] ?? Number.NaN) / (held[0]?.[kind] ?? Number.NaN)),
    ),
    atMost: flat,
    unit: '',
  }));
  return [...preserved, ...growth];
}

function findingsOf(all: readonly Preserved[], trials: readonly (readonly HeldMemory[])[]): Findings {
  return {
    question: 'Memory of preserved relocations, and of publishing again and again',
    sheets: [preservedSheet(all), republishSheet(trials)],
    goals: goalsOf(all, trials),
    notes: [
      'Held is what a process has more with relocations preserved than with them discarded, in heap and array buffers; the',
      'difference to what is counted are objects of JS, some for each image, however many relocations it has.',
    ],
  };
}

if (process.argv[2] === '--trial') {
  // Safe because this file has written it just now.
  process.stdout.write(
    JSON.stringify(await answer(JSON.parse(readFileSync(process.argv[3] ?? '', 'utf8')) as Trial)),
  );
} else {
  const { field, asJson, runs } = readWords(3);
  const { lua } = JSON.parse(readFileSync(field, 'utf8')) as { readonly lua: readonly string[] };
  const folder = inputFolder();
  process.stderr.write('compiling\n');
  const unit = compileBitcode(folder, 'republished', republishedUnit());
  const large = compileBitcode(folder, 'large', largeUnit());
  const preserved: Preserved[] = [
    { name: "Lua's objects", paths: await objectsOf(folder, 'lua', lua), found: [] },
    {
      name: `one unit of ${largeUnitFunctions.toLocaleString('en')} functions`,
      paths: await objectsOf(folder, 'unit', [large]),
      found: [],
    },
  ];
  const trials: HeldMemory[][] = [];
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`round ${String(run)} of ${String(runs)}\n`);
    for (const { found, paths } of preserved)
      found.push(inProcess({ kind: 'preserved', paths }, folder) as PreservedBytes);
    trials.push(inProcess({ kind: 'republish', bitcode: unit }, folder) as HeldMemory[]);
  }
  printFindings(findingsOf(preserved, trials), asJson);
}
