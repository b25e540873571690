/** How long does a compile take that the program waits for, while the pool is idle, and while it optimises? */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Findings, type Goal, percentile, printFindings, type Sheet } from './findings.js';
import { type LatencySamples, type LatencySetting, latencyTrial } from './latency-trial.js';
import { readWords } from './words.js';

/** Until a thread begins, where one is kept free: a share of what a job takes that it does not wait for. */
const beginsWithin = 0.1;

interface Case extends Omit<LatencySetting, 'modules'> {
  readonly name: string;
  readonly isBusy: boolean;
}

const cases: readonly Case[] = [
  { name: 'idle', isBusy: false, threads: 2, order: 'lazy', samples: 300 },
  { name: 'optimising, 2 threads', isBusy: true, threads: 2, order: 'lazy', samples: 300 },
  { name: 'optimising, 1 thread', isBusy: true, threads: 1, order: 'lazy', samples: 40 },
  { name: 'the same, in turn', isBusy: true, threads: 1, order: 'in turn', samples: 6 },
];

type Found = ReadonlyMap<string, readonly LatencySamples[]>;

function all(found: Found, name: string, of: 'waited' | 'queued' | 'optimising'): readonly number[] {
  return (found.get(name) ?? []).flatMap((samples) => samples[of]);
}

function sheetOf(found: Found): Sheet {
  const rows = cases.map(({ name }) => {
    const waited = all(found, name, 'waited');
    const queued = all(found, name, 'queued');
    const optimising = all(found, name, 'optimising');
    return [
      name,
      ...[0.5, 0.99].map((share) => percentile(waited, share)),
      ...[0.5, 0.99, 1].map((share) => percentile(queued, share)),
      ...(optimising.length === 0
        ? [undefined, undefined]
        : [0.5, 1].map((share) => percentile(optimising, share))),
    ];
  });
  return {
    title: 'A small function at baseline, ms',
    head: ['pool', 'p50', 'p99', 'to begin, p50', 'p99', 'longest', 'a job at peak, p50', 'longest'],
    rows,
  };
}

function goalsOf(found: Found): Goal[] {
  const overtaken = (found.get('optimising, 1 thread') ?? []).map((samples) => samples.overtaken);
  return [
    {
      name: '1 thread: optimising jobs that begin before it, though it was there',
      found: Math.max(...overtaken),
      atMost: 0,
      unit: '',
    },
    {
      name: '1 thread: longest wait to begin, times the longest job',
      found:
        percentile(all(found, 'optimising, 1 thread', 'queued'), 1) /
        percentile(all(found, 'optimising, 1 thread', 'optimising'), 1),
      atMost: 1,
      unit: '',
    },
    {
      name: '2 threads: time to begin, p99, times the median job',
      found:
        percentile(all(found, 'optimising, 2 threads', 'queued'), 0.99) /
        percentile(all(found, 'optimising, 2 threads', 'optimising'), 0.5),
      atMost: beginsWithin,
      unit: '',
    },
  ];
}

function findingsOf(found: Found): Findings {
  return {
    question: 'A compile that the program waits for',
    sheets: [sheetOf(found)],
    goals: goalsOf(found),
    notes: [
      "Optimising: eight jobs at peak of Lua's modules are always queued or running. In turn: as if there were no",
      'priorities. From submit to result, on the thread that asks, which has nothing else to do.',
    ],
  };
}

if (process.argv[2] === '--trial') {
  // Safe because this file has written it just now.
  const setting = JSON.parse(process.argv[3] ?? '') as LatencySetting;
  process.stdout.write(JSON.stringify(await latencyTrial(setting)));
} else {
  const { field, asJson, runs } = readWords(3);
  const { lua } = JSON.parse(readFileSync(field, 'utf8')) as { readonly lua: readonly string[] };
  const found = new Map<string, LatencySamples[]>(cases.map(({ name }) => [name, []]));
  for (let run = 1; run <= runs; run += 1) {
    for (const { name, isBusy, threads, order, samples } of cases) {
      process.stderr.write(`round ${String(run)} of ${String(runs)}: ${name}\n`);
      const setting: LatencySetting = { modules: isBusy ? lua : [], threads, order, samples };
      const words = [fileURLToPath(import.meta.url), '--trial', JSON.stringify(setting)];
      const output = execFileSync(process.execPath, words, { encoding: 'utf8' });
      // Safe because the child is this file.
      found.get(name)?.push(JSON.parse(output) as LatencySamples);
    }
  }
  printFindings(findingsOf(found), asJson);
}
