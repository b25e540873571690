/** `tierlink run`: runs a program of many modules, as the program it would be if it were linked statically. */
import { writeFileSync, writeSync } from 'node:fs';
import { basename, extname } from 'node:path';
import {
  type ContinuedEvent,
  createEngine,
  type Engine,
  type EngineOptions,
  type Linkage,
  type PublishedEvent,
  type TimeByTier,
  Trace,
  type UnitKind,
} from '../index.js';
import { cacheFor } from './cache.js';
import { tierWords } from './choices.js';
import { feedLive } from './live-feed.js';
import { outputFile } from './output-file.js';
import { makeReport } from './report.js';
import { version } from './version.js';
import { Warnings } from './warnings.js';

/** Options of the command, as commander gives them. */
export interface RunCommandOptions {
  readonly unit: string;
  readonly linkage: string;
  readonly tiers?: string[];
  readonly policy: string;
  readonly thresholds?: Record<string, number>;
  readonly rollback?: boolean;
  /** False: loops are not left. */
  readonly osr: boolean;
  readonly load: string[];
  readonly compileThreads?: number;
  readonly stats?: string;
  readonly sample?: number;
  readonly argv0?: string;
  readonly perfMap?: boolean;
  readonly gdb?: boolean;
  readonly jitDump?: string;
  readonly trace?: string;
  readonly quiet?: boolean;
  readonly profileUse?: string;
  readonly profileOut?: string;
  /** A directory, or whether there is to be one. */
  readonly cache?: string | boolean;
}

/** How long the end of a program is put off at most so that what was compiled is found the next time. */
const flushMs = 2000;

/**
 * Runs the program and ends the process with its exit status. The program owns stdin, stdout and stderr: nothing here
 * touches Node's streams, which would change their modes.
 *
 * @param modules - Paths of modules and archives.
 * @param args - The program's arguments.
 * @param options - The command's options.
 * @throws TierlinkError whatever the engine refuses, before main is called
 */
export async function runCommand(
  modules: readonly string[],
  args: readonly string[],
  options: RunCommandOptions,
): Promise<void> {
  const stats = outputFile('stats', options.stats);
  const profileOut = outputFile('profileOut', options.profileOut);
  const engine = createEngine(engineOptions(options));
  const published: PublishedEvent[] = [];
  const continued: ContinuedEvent[] = [];
  const failures: { module: string; tier: string; message: string }[] = [];
  engine.on('published', (event) => published.push(event));
  engine.on('continued', (event) => continued.push(event));
  engine.on('failed', ({ module, tier, error, retry }) => {
    failures.push({ module, tier, message: error.message });
    if (options.quiet !== true) say(`${error.message} (${retryText(retry)})`);
  });
  engine.on('rolledBack', ({ module, unit, tier, to, ratio, retry }) => {
    const text = `${unit} of module ${module} is slower at ${tier} (${ratio.toFixed(2)} of the time), and runs at ${to}`;
    if (options.quiet !== true) say(`${text} (${retryText(retry)})`);
  });
  const warnings = new Warnings(say);
  if (options.quiet !== true)
    engine.on('warning', (event) => {
      warnings.add(event);
    });
  engine.on('profileDropped', ({ module, functions, reason }) => {
    if (options.quiet !== true)
      say(`module ${module}: the profile of ${functions.join(', ')} is not used, ${reason}`);
  });
  const trace = options.trace === undefined ? undefined : traceTo(engine, options.trace);
  // Two files of one name in different folders are two modules, so the path as given is the name.
  engine.addModules(modules.map((path) => ({ name: path, source: { path } })));
  // Before constructors run, which may print.
  warnings.flush();
  await engine.link();
  // Members of archives joined meanwhile.
  warnings.flush();

  const first = modules[0] ?? 'program';
  const argv = [options.argv0 ?? basename(first, extname(first)), ...args];
  // Only for who asks: the program waits for it.
  const startedAtMs = stats === undefined ? 0 : engine.snapshot().wallMs;
  const endFeed = feedLive(engine, published);
  const outcome = await engine.run('main', argv, {
    ownsProcess: true,
    ...samplingOf(options),
  });
  engine.flush();
  if (profileOut !== undefined) engine.profile().save(profileOut);
  await engine.flushCache(flushMs);
  await endFeed();
  trace?.end();
  if (stats !== undefined) {
    const { linkage, policy } = options;
    const tiers = options.tiers ?? tierWords;
    const record = { version, linkage, policy, tiers, argv, startedAtMs, published, continued, failures };
    const report = makeReport(record, outcome, engine.snapshot(), engine.timeByTier());
    writeFileSync(stats, `${JSON.stringify(report, null, 2)}\n`);
  }
  // The process is ended past Node, which would not tell those who wait for its exit.
  process.emit('exit', outcome.status);
  engine.exitProcess(outcome.status);
}

function engineOptions(options: RunCommandOptions): EngineOptions {
  const { tiers, thresholds, compileThreads, policy, osr, load, profileUse } = options;
  const cache = cacheFor(options.cache, process.env, (message) => {
    if (options.quiet !== true) say(message);
  });
  return {
    // This thread has nothing else to do: the program runs on one of its own. A worker would only start later.
    control: 'inline',
    // A program that traps ends as a native one, its constructors included.
    onTrap: 'crash',
    // Safe because the engine refuses, by name, a unit or linkage that it does not know.
    unit: options.unit as UnitKind,
    linkage: options.linkage as Linkage,
    bodies: 'lazy',
    policy,
    osr,
    libraries: load,
    observe: {
      ...(options.perfMap === undefined ? {} : { perfMap: options.perfMap }),
      ...(options.gdb === undefined ? {} : { gdb: options.gdb }),
      ...(options.jitDump === undefined ? {} : { jitDump: options.jitDump }),
    },
    ...(cache === undefined ? {} : { cache }),
    ...(profileUse === undefined ? {} : { profile: profileUse }),
    ...(tiers === undefined ? {} : { tiers }),
    ...(options.rollback === true ? { rollback: true } : {}),
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(compileThreads === undefined ? {} : { compileThreads }),
  };
}

/** A timeline is for looking at what ran when. */
function samplingOf({ sample, trace }: RunCommandOptions): { readonly sampleUs?: number } {
  if (sample !== undefined) return { sampleUs: sample };
  return trace === undefined ? {} : { sampleUs: 1000 };
}

function traceTo(engine: Engine, path: string): Trace {
  const begin = performance.now() - engine.snapshot().wallMs;
  const samples = (): TimeByTier => engine.timeByTier();
  return new Trace(engine, { path, atMs: () => performance.now() - begin, samples });
}

function retryText(retry: number | 'barred' | 'none'): string {
  if (typeof retry === 'number') return `it is tried again in ${String(Math.round(retry))} ms`;
  return retry === 'barred' ? 'it is not tried again' : 'nothing tries it again';
}

function say(message: string): void {
  writeSync(2, `tierlink: ${message}\n`);
}
