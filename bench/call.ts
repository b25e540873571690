/** What does a call between JS and a compiled function cost, beside a WebAssembly export, koffi and a plain JS function? */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runInThisContext } from 'node:vm';
import Benchmark from 'benchmark';
import koffi from 'koffi';
import { addressOf, type CallArgument, createEngine, type Engine, type FnOptions } from '../src/index.js';
import { median } from './findings.js';
import { print, type Row } from './report.js';
import { readWords } from './words.js';

type Called = (...args: unknown[]) => unknown;

const names = ['tierlink', 'tierlink, Node-API', 'JS function', 'WebAssembly export', 'koffi'] as const;
type Name = (typeof names)[number];

/** What is called; WebAssembly has the same. */
const ir = `
define void @none() {
  ret void
}
define double @add(double %a, double %b) {
  %sum = fadd double %a, %b
  ret double %sum
}
define i32 @one(i32 %a) {
  ret i32 %a
}
define i32 @six(i32 %a, i32 %b, i32 %c, i32 %d, i32 %e, i32 %f) {
  ret i32 %f
}
define i64 @wide(i64 %a, i64 %b) {
  ret i64 %b
}
define i32 @pointer(ptr %p) {
  %x = load i8, ptr %p
  %r = zext i8 %x to i32
  ret i32 %r
}
define i32 @apply(ptr %f, i32 %x) {
  %r = call i32 %f(i32 %x)
  ret i32 %r
}
`;

/** A kind of call: with what, and how each contestant is bound to it. */
interface Column {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly wasm: string;
  readonly js: Called;
  /** The type as koffi has it, and the function. */
  readonly koffi: string;
  readonly symbol: string;
  readonly options?: FnOptions;
  /** Each call is begun and awaited: on another thread, or, where there is only JS, later. */
  readonly isAsync?: true;
}

const bytes = Uint8Array.of(7, 0, 0, 0);
const identity = (x: number): number => x;

const columns: readonly Column[] = [
  { name: 'no argument', args: [], wasm: 'none', js: () => undefined, koffi: 'void none()', symbol: 'none' },
  { name: 'one i32', args: [7], wasm: 'one', js: (a) => a, koffi: 'int one(int)', symbol: 'one' },
  {
    name: 'two doubles',
    args: [1.5, 2],
    wasm: 'add',
    js: (a, b) => (a as number) + (b as number),
    koffi: 'double add(double, double)',
    symbol: 'add',
  },
  {
    name: 'six i32',
    args: [1, 2, 3, 4, 5, 6],
    wasm: 'six',
    js: (_a, _b, _c, _d, _e, f) => f,
    koffi: 'int six(int, int, int, int, int, int)',
    symbol: 'six',
  },
  {
    name: 'two i64',
    // Of smaller ones koffi makes numbers.
    args: [2n ** 60n, 2n ** 61n],
    wasm: 'wide',
    js: (_a, b) => b,
    koffi: 'int64_t wide(int64_t, int64_t)',
    symbol: 'wide',
  },
  {
    // In WebAssembly there is no other i64 than a bigint.
    name: 'two i64 as numbers',
    args: [5, 6],
    wasm: 'add',
    js: (_a, b) => b,
    koffi: 'int64_t wide(int64_t, int64_t)',
    symbol: 'wide',
    options: { i64: 'number' },
  },
  {
    name: 'pointer',
    args: [bytes],
    // An address in its own memory: a number.
    wasm: 'pointer',
    js: (p) => (p as Uint8Array)[0],
    koffi: 'int pointer(uint8_t *)',
    symbol: 'pointer',
  },
  {
    name: 'address as number',
    args: [Number(addressOf(bytes))],
    wasm: 'pointer',
    js: (p) => p,
    koffi: 'int pointer(intptr_t)',
    symbol: 'pointer',
    options: { pointers: 'number' },
  },
  {
    name: 'callback',
    args: [7],
    wasm: 'apply',
    js: (x) => identity(x as number),
    koffi: 'int apply(void *, int)',
    symbol: 'apply',
  },
  {
    name: 'async, one i32',
    args: [7],
    wasm: 'one',
    js: (a) => a,
    koffi: 'int one(int)',
    symbol: 'one',
    isAsync: true,
  },
];

/** The functions above, each with the number of its type below and its code. */
const wasmFunctions: readonly (readonly [name: string, type: number, code: readonly number[]])[] = [
  ['none', 1, []],
  ['one', 0, [0x20, 0]],
  ['add', 2, [0x20, 0, 0x20, 1, 0xa0]],
  ['six', 3, [0x20, 5]],
  ['wide', 4, [0x20, 1]],
  ['pointer', 0, [0x20, 0, 0x2d, 0, 0]],
  ['apply', 0, [0x20, 0, 0x10, 0]],
];

/** (module (import "m" "f" (func (param i32) (result i32))) (memory 1) and the functions above, exported by name). */
function wasmExports(): Record<string, Called> {
  const [i32, i64, f64] = [0x7f, 0x7e, 0x7c];
  const section = (id: number, body: readonly number[]): number[] => [id, body.length, ...body];
  const list = (items: readonly (readonly number[])[]): number[] => [items.length, ...items.flat()];
  const type = (params: readonly number[], results: readonly number[]): number[] => [
    0x60,
    params.length,
    ...params,
    results.length,
    ...results,
  ];
  const types = [
    type([i32], [i32]),
    type([], []),
    type([f64, f64], [f64]),
    type([i32, i32, i32, i32, i32, i32], [i32]),
    type([i64, i64], [i64]),
  ];
  const exported = wasmFunctions.map(([name], index) => [name.length, ...Buffer.from(name), 0, index + 1]);
  const code = wasmFunctions.map(([, , body]) => [body.length + 2, 0, ...body, 0x0b]);
  const module = new WebAssembly.Module(
    Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, list(types)),
      ...section(2, list([[1, 0x6d, 1, 0x66, 0, 0]])),
      ...section(3, [wasmFunctions.length, ...wasmFunctions.map(([, of]) => of)]),
      ...section(5, [1, 0, 1]),
      ...section(7, list(exported)),
      ...section(10, list(code)),
    ]),
  );
  // Safe because all that it exports are functions.
  return new WebAssembly.Instance(module, { m: { f: identity } }).exports as Record<string, Called>;
}

const prototypes = new Map<string, ReturnType<typeof koffi.proto>>();

/** koffi wants each type, and each name of one, once. */
function prototypeOf(text: string): ReturnType<typeof koffi.proto> {
  const anonymous = text.replace(/(\w+)\(/, 'Bench$1_' + String(prototypes.size) + '(');
  const made = prototypes.get(text) ?? koffi.proto(anonymous);
  prototypes.set(text, made);
  return made;
}

const koffiCallback = koffi.pointer(koffi.proto('int Callback(int)'));

/**
 * Each contestant's function for a column, and what it is called with; and how callbacks end. koffi calls the very code that
 * tierlink does.
 */
function bound(
  engine: Engine,
  exported: Record<string, Called>,
  column: Column,
): { readonly contestants: Record<Name, [Called, unknown[]]>; readonly end: () => void } {
  const args = [...column.args];
  const isCallback = column.symbol === 'apply';
  const callable = engine.fn(column.symbol, column.options);
  const byNodeApi = engine.fn(column.symbol, { ...column.options, road: 'napi' });
  const callbacks = isCallback ? [engine.callback('i32 (i32)', identity)] : [];
  const callback = callbacks.map(({ address }) => address);
  const native = koffi.decode(callable.address, prototypeOf(column.koffi)) as Called;
  const registered = isCallback ? [koffi.register(identity, koffiCallback)] : [];
  const end = (): void => {
    for (const one of callbacks) one.free();
    for (const one of registered) koffi.unregister(one);
  };
  if (column.isAsync === true) {
    const later =
      (call: Called): Called =>
      async (...given) => {
        await Promise.resolve();
        return call(...given);
      };
    const contestants: Record<Name, [Called, unknown[]]> = {
      tierlink: [(...given) => callable.async(...(given as CallArgument[])), args],
      'tierlink, Node-API': [(...given) => byNodeApi.async(...(given as CallArgument[])), args],
      'JS function': [later(column.js), args],
      'WebAssembly export': [later(exported[column.wasm] ?? column.js), args],
      koffi: [promisify((native as unknown as { async: Called }).async), args],
    };
    return { contestants, end };
  }
  const contestants: Record<Name, [Called, unknown[]]> = {
    tierlink: [callable as Called, [...callback, ...args]],
    'tierlink, Node-API': [byNodeApi as Called, [...callback, ...args]],
    'JS function': [column.js, args],
    'WebAssembly export': [exported[column.wasm] ?? column.js, column.wasm === 'pointer' ? [16] : args],
    koffi: [native, [...registered, ...args]],
  };
  return { contestants, end };
}

const slices = 5;
const sliceSeconds = 0.1;

/**
 * Measures nanoseconds a call, once each time. The loop is inside what is measured, as the package's own cost is above that of
 * a call; it has code of its own, as V8 keeps what it learns of calls with the code.
 */
function measureOf(
  name: Name,
  column: Column,
  call: Called,
  args: readonly unknown[],
): () => number | Promise<number> {
  if (column.isAsync === true) return () => measureAwaited(call, args);
  const calls = 1000;
  const title = `${name}: ${column.name}`;
  const names = args.map((_, index) => `a${String(index)}`);
  const text = `/* ${title} */ (${['call', ...names].join(', ')}) => () => {
    for (let i = 0; i < ${String(calls)}; i += 1) call(${names.join(', ')});
  }`;
  // Safe because the text is that of such a function.
  const prepare = runInThisContext(text) as (called: Called, ...given: unknown[]) => () => void;
  const loop = prepare(call, ...args);
  return () => {
    const bench = new Benchmark(title, loop, { maxTime: sliceSeconds });
    bench.run();
    return (bench.stats.mean * 1e9) / calls;
  };
}

/** The same of calls that are awaited, one after the other. */
async function measureAwaited(call: Called, args: readonly unknown[]): Promise<number> {
  const group = 50;
  for (let i = 0; i < group; i += 1) await call(...args);
  const began = process.hrtime.bigint();
  for (let calls = group; ; calls += group) {
    for (let i = 0; i < group; i += 1) await call(...args);
    const ns = Number(process.hrtime.bigint() - began);
    if (ns >= sliceSeconds * 1e9) return ns / calls;
  }
}

async function trial(): Promise<number[][]> {
  const engine = createEngine({ unit: 'module', tiers: ['optimized'], policy: 'never' });
  engine.addModule('calls', { ir });
  await engine.link();
  const exported = wasmExports();
  // koffi makes the stack of its calls when it loads a library.
  koffi.load('libc.so.6');
  const times = names.map((): number[] => []);
  for (const column of columns) {
    const { contestants, end } = bound(engine, exported, column);
    const measures = names.map((name) => measureOf(name, column, ...contestants[name]));
    const found = names.map((): number[] => []);
    // In turn and in short slices: what else the machine does is the same for all.
    for (let slice = 0; slice < slices; slice += 1) {
      for (const [index, measureOne] of measures.entries()) found[index]?.push(await measureOne());
    }
    for (const [index, all] of found.entries()) times[index]?.push(median(all));
    end();
  }
  await engine.dispose();
  return times;
}

if (process.argv[2] === '--trial') {
  process.stdout.write(JSON.stringify(await trial()));
} else {
  const { asJson, runs } = readWords(5);
  const samples = names.map(() => columns.map((): number[] => []));
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`round ${String(run)} of ${String(runs)}\n`);
    const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--trial'], {
      encoding: 'utf8',
    });
    // Safe because the child is this file.
    for (const [index, times] of (JSON.parse(output) as number[][]).entries()) {
      for (const [column, time] of times.entries()) samples[index]?.[column]?.push(time);
    }
  }
  const rows = names.map((name, index): Row => {
    return { name, role: index < 2 ? 'subject' : 'peer', samples: samples[index] ?? [] };
  });
  const heads = columns.map(({ name }) => name);
  print({ question: 'A call from JS', unit: 'ns', columns: heads, rows, absent: [] }, asJson);
}
