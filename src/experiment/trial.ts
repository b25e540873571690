/** Runs one trial in this process, and tells what happens as records of its trace. */
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import { createEngine, type Engine } from '../engine/engine.js';
import type { Policy } from '../../tiers/policy.js';
import { ladder } from '../../tiers/recipes.js';
import type { ExperimentPolicy, Marks, TrialOrder } from './experiment.js';
import { type TraceRecord, traceVersion } from './trace.js';

/** Microseconds of CPU time between samples of the program's position. */
const sampleUs = 1000;

/** Writes lines as they end, so that they are seen when they are written. */
const lineBuffering = `
@stdout = external global ptr
declare i32 @setvbuf(ptr, ptr, i32, i64)
define void @tierlink.lines() {
  %stream = load ptr, ptr @stdout
  %done = call i32 @setvbuf(ptr %stream, ptr null, i32 1, i64 0)
  ret void
}`;

/** Counts calls of a function. */
function counting(name: string): string {
  return `
@tierlink.marks = internal global i64 0
define void @"${name}"() {
  %before = atomicrmw add ptr @tierlink.marks, i64 1 monotonic
  ret void
}
define i64 @tierlink.marked() {
  %marks = load atomic i64, ptr @tierlink.marks monotonic, align 8
  ret i64 %marks
}`;
}

/**
 * Runs a trial. The program has stdin and stdout of this process.
 *
 * @param order - What to run, and how.
 * @param tell - Hears the records in their order.
 * @returns Settled when all has been told.
 * @throws whatever keeps the program from running (as a rejection)
 */
export async function runTrial(order: TrialOrder, tell: (record: TraceRecord) => void): Promise<void> {
  const { run, decide } = order;
  const policy = await policyFor(decide);
  const { compileThreads = Math.min(availableParallelism(), 4) } = order;
  const engine = createEngine({
    control: 'inline',
    tiers: order.ladder,
    policy,
    ...(decide.thresholds === undefined ? {} : { thresholds: decide.thresholds }),
    rollback: decide.rollback === true,
    libraries: run.libraries ?? [],
    compileThreads,
  });
  try {
    const epochMs = performance.timeOrigin + performance.now() - engine.snapshot().wallMs;
    const rungs = ladder(order.ladder).map(({ name }) => name);
    tell({ type: 'trial', version: traceVersion, order, ladder: rungs, compileThreads, epochMs });
    listen(engine, tell);
    engine.addModules(run.modules.map((path) => ({ name: path, source: { path } })));
    await runProgram(engine, order, tell);
  } finally {
    await engine.dispose();
  }
}

async function runProgram(
  engine: Engine,
  { run, windowMs }: TrialOrder,
  tell: (record: TraceRecord) => void,
): Promise<void> {
  const marks = await link(engine, run.marks);
  const sample = (): void => {
    const { wallMs, compiling, memory } = engine.snapshot();
    if (marks !== undefined) tell({ type: 'marks', atMs: wallMs, marks: marks() });
    tell({
      type: 'sample',
      atMs: wallMs,
      queueLength: compiling,
      codeBytes: memory.code,
      retiredBytes: memory.retired,
      timeByTier: engine.timeByTier(),
    });
  };
  const startedAtMs = engine.snapshot().wallMs;
  sample();
  const timer = setInterval(sample, windowMs);
  try {
    const { status } = await engine.run('main', [run.modules[0] ?? 'program', ...(run.args ?? [])], {
      sampleUs,
    });
    const atMs = engine.snapshot().wallMs;
    engine.flush();
    sample();
    tell({ type: 'end', startedAtMs, atMs, status, timeByTier: engine.timeByTier() });
  } finally {
    clearInterval(timer);
  }
}

function listen(engine: Engine, tell: (record: TraceRecord) => void): void {
  engine.on('decided', (event) => {
    tell({ type: 'decided', ...event });
  });
  engine.on('chose', (event) => {
    tell({ type: 'chose', ...event });
  });
  engine.on('requested', (event) => {
    tell({ type: 'requested', ...event });
  });
  engine.on('published', (event) => {
    tell({ type: 'published', ...event });
  });
  engine.on('rolledBack', (event) => {
    tell({ type: 'rolledBack', ...event });
  });
}

/** Links the program with what its marks need; returns how to read them, unless somebody else does. */
async function link(engine: Engine, marks: Marks | undefined): Promise<(() => number) | undefined> {
  if (marks?.kind === 'lines') engine.addModule('tierlink.lines', { ir: lineBuffering });
  if (marks?.kind === 'calls') engine.addModule('tierlink.marks', { ir: counting(marks.of) });
  await engine.link();
  if (marks?.kind === 'lines') engine.fn('tierlink.lines')();
  if (marks?.kind !== 'calls') return undefined;
  const marked = engine.fn('tierlink.marked');
  return () => Number(marked());
}

async function policyFor({ policy, module }: ExperimentPolicy): Promise<string | Policy> {
  if (module === undefined) return present(policy, 'an experiment was checked');
  const loaded = (await import(pathToFileURL(module).href)) as { readonly default?: Partial<Policy> };
  const { default: own } = loaded;
  if (typeof own?.decide === 'function' && typeof own.firstRequest === 'function') return own as Policy;
  throw new TierlinkError('OPTION_INVALID', {
    option: 'experiment.policies',
    value: module,
    expected: 'a module whose default export is a policy, with firstRequest and decide',
  });
}
