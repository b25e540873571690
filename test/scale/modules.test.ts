import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine, type PublishedEvent } from '../../src/index.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { linkages } from '../support/engine.js';
import { functionsEach, moduleName, moduleText, TemplateCompiler } from '../support/many-modules.js';
import { llvmBin, object, scratch } from '../support/toolchain.js';

/** An archive, whose member nobody needs: it is searched for what a link lacks. */
function archive(): string {
  const folder = scratch();
  writeFileSync(join(folder, 'one.o'), object('int unwanted(void) { return 1; }'));
  execFileSync(join(llvmBin, 'llvm-ar'), ['rcs', join(folder, 'lib.a'), join(folder, 'one.o')]);
  return join(folder, 'lib.a');
}

/** Modules in each engine; the engines live side by side, so that what disturbs one disturbs all. */
const sizes = [10, 100, 1000, 10_000];
/** Times that each act is measured in each engine, shared among the linkages. */
const repetitions = 90;
/** What is meant by "costs the same": the lower quartile may be this much larger than with the fewest modules. */
const factor = 2;

interface Subject {
  readonly engine: Engine;
  /** Modules in it now. */
  count: number;
  /** Milliseconds. */
  readonly times: Map<string, number[]>;
  published: PublishedEvent | undefined;
}

/** A module's linkage follows from its number: one engine has modules of all. */
function add({ engine }: Subject, number: number): void {
  const linkage = linkages[number % linkages.length] ?? 'stub';
  engine.addModule(moduleName(number), moduleText(number), { linkage });
}

async function engineOf(size: number, library: string): Promise<Subject> {
  const engine = createEngine({
    unit: 'module',
    control: 'inline',
    policy: 'never',
    parts: { compiler: (threads) => new TemplateCompiler(new LlvmCompiler(loadAddon(), threads)) },
  });
  const subject: Subject = { engine, count: size, times: new Map(), published: undefined };
  engine.on('published', (event) => {
    subject.published = event;
  });
  engine.addModule('lib.a', library);
  // The first modules are really compiled, the others take their objects from them.
  for (let number = 0; number < 2; number += 1) add(subject, number);
  await engine.link();
  for (let number = 2; number < size; number += 1) add(subject, number);
  await engine.link();
  return subject;
}

function note({ times }: Subject, act: string, milliseconds: number): void {
  const known = times.get(act);
  if (known === undefined) times.set(act, [milliseconds]);
  else known.push(milliseconds);
}

async function time(subject: Subject, act: string, run: () => unknown): Promise<void> {
  const begin = performance.now();
  await run();
  note(subject, act, performance.now() - begin);
}

/** What the last publish took, without the compile: fixups, unwind registration, slots, direct calls. */
function publishingMs({ published }: Subject): number {
  return published === undefined ? Number.NaN : (published.linkUs + published.publishUs) / 1e3;
}

/**
 * The lower quartile. To touch a page of memory for the first time takes up to twice as long as to link and publish a module:
 * an engine of many modules comes to more new pages, and a median would tell of these.
 */
function quartile(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 2] ?? Number.NaN;
}

/** Does everything to one module once. */
async function round(subject: Subject, number: number): Promise<void> {
  const { engine } = subject;
  const fresh = subject.count;
  await time(subject, 'add', () => {
    add(subject, fresh);
  });
  await time(subject, 'link', () => engine.link());
  subject.count += 1;
  note(subject, 'link, from object to published', publishingMs(subject));
  // Spread over all modules, of each linkage in turn; never those that are really compiled.
  const chosen = moduleName(3 + ((number * 7919) % (subject.count - 3)));
  await time(subject, 'recompile', () => engine.recompile(chosen, number % 2 === 0 ? 'quick' : 'baseline'));
  note(subject, 'recompile, from object to published', publishingMs(subject));
  await time(subject, 'move', () => {
    engine.move(chosen);
  });
  await time(subject, 'fn', () => engine.fn(`${chosen}_f0`));
  await time(subject, 'reclaim', () => engine.reclaim());
}

describe('an engine of 10,000 modules', () => {
  const subjects: Subject[] = [];

  beforeAll(async () => {
    const library = archive();
    for (const size of sizes) subjects.push(await engineOf(size, library));
    // V8 compiles what is hot, and templates are made, before anything is measured.
    for (let number = 0; number < 12; number += 1) {
      for (const subject of subjects) await round(subject, number);
    }
    for (const { times } of subjects) times.clear();
    for (let number = 0; number < repetitions; number += 1) {
      for (const subject of subjects) await round(subject, number);
    }
  }, 300_000);
  afterAll(async () => {
    for (const { engine } of subjects) await engine.dispose();
  });

  it.each([
    'add',
    'link',
    'link, from object to published',
    'recompile',
    'recompile, from object to published',
    'move',
    'fn',
    'reclaim',
  ])('%s: one module costs what it costs with 10', (act) => {
    const usual = subjects.map(({ times }) => quartile(times.get(act) ?? []));
    for (const [index, milliseconds] of usual.entries()) {
      expect(milliseconds, `${act}, ms with ${sizes.join(', ')} modules: ${usual.join(', ')}`).toBeLessThan(
        factor * (usual[0] ?? 0) + (index === 0 ? Infinity : 0),
      );
    }
  });

  it('runs: every module calls the one before, through versions that were replaced and moved', () => {
    for (const { engine, count } of subjects) {
      const [first, last] = [
        engine.fn(`${moduleName(count - 1)}_f0`),
        engine.fn(`${moduleName(count - 1)}_f9`),
      ];
      expect(first(5)).toBe(5 + count);
      expect(last(5)).toBe(5 + functionsEach * count);
    }
  });

  it('has as few mappings as an empty one, and every byte in its ledger', () => {
    const snapshots = subjects.map(({ engine }) => engine.snapshot());
    for (const { memory, ledger } of snapshots) {
      expect(ledger.mappings).toBeLessThan(100);
      expect(ledger.mappings).toBe(5);
      const { code, readonly, data } = ledger.total;
      expect({ code, readonly, data }).toEqual({
        code: memory.code,
        readonly: memory.readonly,
        data: memory.data,
      });
    }
    const [small, large] = [snapshots[0], snapshots.at(-1)].map((snapshot) => snapshot?.slots ?? 0);
    expect(large).toBe(functionsEach * (subjects.at(-1)?.count ?? 0));
    expect(small).toBe(functionsEach * (subjects[0]?.count ?? 0));
    expect(subjects.at(-1)?.engine.audit()).toMatchObject({ ok: true, violations: [] });
  });

  it('is looked at and compacted in time that grows no faster than its modules', async () => {
    // From 1,000 on: what does not depend on the modules would make smaller ones look dear.
    const pair = subjects.slice(-2);
    for (const subject of pair) {
      const { engine, count } = subject;
      for (let again = 0; again < 5; again += 1) {
        await time(subject, 'snapshot', () => engine.snapshot());
        for (let hole = 0; hole < 20; hole += 1) engine.move(moduleName(3 + hole * Math.floor(count / 30)));
        await time(subject, 'compact', () => engine.compact());
      }
    }
    for (const act of ['snapshot', 'compact']) {
      const [small = 0, large = 0] = pair.map(({ times, count }) => quartile(times.get(act) ?? []) / count);
      expect(large, `${act}, ms a module: ${String(small)}, ${String(large)}`).toBeLessThan(3 * small);
    }
  });
});
