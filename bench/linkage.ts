/** What does a hot call from one module to another cost in each linkage, beside a static call between two objects? */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine, type Callable, type Engine, type Linkage } from '../src/index.js';
import { type Goal, lowestTenth, median, printFindings, type Sheet } from './findings.js';
import { type CallPair, callPair, type Shape, shapes } from './generators/calls.js';
import { compileBitcode, compileObject, inputFolder, linkLibrary } from './toolchain.js';
import { readWords } from './words.js';

const variants = [
  'static',
  'static, calls padded',
  'direct',
  'offset-table',
  'stub',
  'ORC redirectable',
] as const;
type Variant = (typeof variants)[number];

const linkages: readonly Linkage[] = ['direct', 'offset-table', 'stub'];
const titles: Readonly<Record<Shape, string>> = {
  empty: 'empty callee',
  work: 'a few operations',
  turn: '1,024 callees in turn',
};
/**
 * All, of `turn` as well: its code is larger than a processor's nearest caches, and so takes up to twice as long at one
 * address as at another, byte for byte the same. Only the mean over many places says anything of a linkage.
 */
const layouts = 16;
/** About a millisecond each: long beside a cold cache, short beside what disturbs a machine. */
const callsInSlice = 512 * 1024;
const slices = 25;

/** How linkage `direct` has calls padded; in clang's own objects only calls to hidden functions are. */
const paddedFlags = [
  '-mllvm',
  '-x86-align-branch-boundary=32',
  '-mllvm',
  '-x86-align-branch=call+indirect',
  '-DCALLEE=__attribute__((visibility("hidden")))',
];

/** A pair with what was compiled from it. */
interface Built extends CallPair {
  readonly objects: { readonly caller: string; readonly callee: string; readonly paddedCaller: string };
  readonly bitcode: { readonly caller: string; readonly callee: string };
}

/** What a trial is given, as JSON in a file. */
interface Setting {
  readonly pairs: readonly Built[];
  /** The native peer: all objects in a shared library; `entry_of(n)` is the caller of pair n. */
  readonly library: string;
  /** The same with padded calls; `padded_entry_of(n)`. */
  readonly padded: string;
  /** ORC's redirectable symbols. */
  readonly redirectable: string;
}

/** Nanoseconds a call. */
type Costs = Readonly<Record<Shape, Readonly<Record<Variant, number>>>>;

/** Calls into the peers' libraries, and calls callers by their addresses: all the same way. */
const bridge = `
declare ptr @entry_of(i64)
declare ptr @padded_entry_of(i64)
declare ptr @redirectable_link(ptr, ptr, ptr, ptr)
define i64 @measure_at(ptr %caller, i64 %calls, ptr %sum) {
  %ns = call i64 %caller(i64 %calls, ptr %sum)
  ret i64 %ns
}
define ptr @static_entry(i64 %pair) {
  %entry = call ptr @entry_of(i64 %pair)
  ret ptr %entry
}
define ptr @padded_entry(i64 %pair) {
  %entry = call ptr @padded_entry_of(i64 %pair)
  ret ptr %entry
}
define ptr @orc_entry(ptr %caller, ptr %callee, ptr %functions, ptr %entry) {
  %found = call ptr @redirectable_link(ptr %caller, ptr %callee, ptr %functions, ptr %entry)
  ret ptr %found
}
`;

function buildAll(redirectable: string): Setting {
  const folder = inputFolder();
  const pairs = shapes.flatMap((shape) =>
    Array.from({ length: layouts }, (_, layout): Built => {
      const pair = callPair(shape, layout);
      const name = `${shape}-${String(layout)}`;
      return {
        ...pair,
        objects: {
          caller: resolve(compileObject(folder, `${name}-caller`, pair.caller)),
          callee: resolve(compileObject(folder, `${name}-callee`, pair.callee)),
          paddedCaller: resolve(compileObject(folder, `${name}-padded`, pair.caller, paddedFlags)),
        },
        bitcode: {
          caller: compileBitcode(folder, `${name}-caller`, pair.caller),
          callee: compileBitcode(folder, `${name}-callee`, pair.callee),
        },
      };
    }),
  );
  return {
    pairs,
    library: libraryOf(folder, pairs, 'entry_of', ({ objects }) => objects.caller),
    padded: libraryOf(folder, pairs, 'padded_entry_of', ({ objects }) => objects.paddedCaller),
    redirectable,
  };
}

/** Links all pairs into a shared library with a function that finds the callers. */
function libraryOf(
  folder: string,
  pairs: readonly Built[],
  entryOf: string,
  callerOf: (pair: Built) => string,
): string {
  const entries = pairs.map(({ measure }) => measure);
  const table = compileObject(
    folder,
    entryOf,
    `${entries.map((name) => `extern char ${name}[];\n`).join('')}static void *entries[] = {${entries.join(', ')}};\n` +
      `__attribute__((visibility("default"))) void *${entryOf}(unsigned long pair) { return entries[pair]; }\n`,
  );
  const library = resolve(join(folder, `${entryOf}.so`));
  linkLibrary([table, ...pairs.flatMap((pair) => [pair.objects.callee, callerOf(pair)])], library);
  return library;
}

async function engineOf(pairs: readonly Built[], linkage: Linkage): Promise<Engine> {
  // One rung: it is the top of the ladder, and the top counts nothing.
  const engine = createEngine({
    unit: 'module',
    control: 'inline',
    tiers: ['optimized'],
    policy: 'never',
    linkage,
  });
  for (const { bitcode } of pairs) {
    engine.addModule(bitcode.callee, readFileSync(bitcode.callee));
    engine.addModule(bitcode.caller, readFileSync(bitcode.caller));
  }
  await engine.link();
  return engine;
}

function text(value: string): Uint8Array {
  return Buffer.from(`${value}\0`);
}

/** One run of a caller; its result is compared with what all others gave. */
function slice(measureAt: Callable, caller: bigint, expected: { sum: bigint | undefined }): number {
  const sum = new BigUint64Array(1);
  const ns = Number(measureAt(caller, BigInt(callsInSlice), sum));
  expected.sum ??= sum[0];
  if (sum[0] !== expected.sum) throw new Error('a variant computes something else');
  return ns / callsInSlice;
}

async function trial({ pairs, library, padded, redirectable }: Setting): Promise<Costs> {
  const peers = createEngine({
    control: 'inline',
    tiers: ['optimized'],
    policy: 'never',
    libraries: [library, padded, redirectable],
  });
  peers.addModule('bridge', { ir: bridge });
  await peers.link();
  const measureAt = peers.fn('measure_at');
  const staticEntry = peers.fn('static_entry');
  const paddedEntry = peers.fn('padded_entry');
  const orcEntry = peers.fn('orc_entry');
  const engines = await Promise.all(linkages.map((linkage) => engineOf(pairs, linkage)));
  const costs = Object.fromEntries(
    shapes.map((shape) => [shape, Object.fromEntries(variants.map((variant) => [variant, 0]))]),
  ) as Record<Shape, Record<Variant, number>>;
  for (const [index, { shape, measure, objects, callees }] of pairs.entries()) {
    const callers: readonly bigint[] = [
      staticEntry(BigInt(index)) as bigint,
      paddedEntry(BigInt(index)) as bigint,
      ...engines.map((engine) => engine.fn(measure).address),
      orcEntry(text(objects.caller), text(objects.callee), text(callees.join(' ')), text(measure)) as bigint,
    ];
    const expected = { sum: undefined };
    const samples: number[][] = callers.map(() => []);
    for (let round = 0; round <= slices; round += 1) {
      for (const [variant, caller] of callers.entries()) {
        const ns = slice(measureAt, caller, expected);
        // The first warms up.
        if (round > 0) samples[variant]?.push(ns);
      }
    }
    for (const [at, variant] of variants.entries())
      costs[shape][variant] += lowestTenth(samples[at] ?? []) / layouts;
  }
  return costs;
}

/** How many times as long as a static call, in the same trial. */
function ratio(trials: readonly Costs[], shape: Shape, variant: Variant): number {
  return median(trials.map((costs) => costs[shape][variant] / costs[shape].static));
}

function sheetOf(trials: readonly Costs[]): Sheet {
  return {
    title: 'Nanoseconds a call, and how many times as long as static',
    head: ['', ...shapes.flatMap((shape) => [titles[shape], 'min-max', 'it/static'])],
    rows: variants.map((variant) => [
      variant,
      ...shapes.flatMap((shape) => {
        const all = trials.map((costs) => costs[shape][variant]);
        const spread = `${Math.min(...all).toFixed(2)}-${Math.max(...all).toFixed(2)}`;
        return [median(all).toFixed(2), spread, ratio(trials, shape, variant).toFixed(3)];
      }),
    ]),
  };
}

function goalsOf(trials: readonly Costs[]): Goal[] {
  const limits = [
    ['direct', 'work', 1.02],
    ['offset-table', 'work', 1.3],
    ['stub', 'work', 1.5],
    ['direct', 'turn', 1.1],
  ] as const;
  return limits.map(([variant, shape, atMost]) => ({
    name: `${variant}, ${titles[shape]}: times static`,
    found: ratio(trials, shape, variant),
    atMost,
    unit: '',
  }));
}

if (process.argv[2] === '--trial') {
  // Safe because this file has written it just now.
  const setting = JSON.parse(readFileSync(process.argv[3] ?? '', 'utf8')) as Setting;
  process.stdout.write(JSON.stringify(await trial(setting)));
  // Without dispose: ORC's memory is given back by the end of the process only.
  process.exit(0);
}
const { field, asJson, runs } = readWords(7);
const { redirectable } = JSON.parse(readFileSync(field, 'utf8')) as { readonly redirectable: string };
const settingPath = join(inputFolder(), 'linkage.json');
process.stderr.write('compiling\n');
writeFileSync(settingPath, JSON.stringify(buildAll(redirectable)));
const trials: Costs[] = [];
for (let run = 1; run <= runs; run += 1) {
  process.stderr.write(`round ${String(run)} of ${String(runs)}\n`);
  const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--trial', settingPath], {
    encoding: 'utf8',
  });
  // Safe because the child is this file.
  trials.push(JSON.parse(output) as Costs);
}
printFindings(
  {
    question: 'A hot call from one module to another, both at O2 without counters',
    sheets: [sheetOf(trials)],
    goals: goalsOf(trials),
    notes: [
      'Arguments do not depend on results, so nothing hides what a call costs. Figures are means over 16 layouts, each the',
      'same for all linkers: where a loop lies in its cache lines changes what a call costs by up to 40 %. Calls',
      'that are padded as linkage direct needs it lie within 32 bytes each, which helps where there are many of them.',
    ],
  },
  asJson,
);
