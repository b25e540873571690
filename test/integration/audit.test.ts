import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { AuditRole, Engine } from '../../src/index.js';
import { engineFor, linkages, pause } from '../support/engine.js';
import { bitcode, root } from '../support/toolchain.js';

/** A program that can map a page as it likes, and protect pages of its own code, stubs and variables. */
const mapper = `
  #include <sys/mman.h>
  static char own[8192] __attribute__((aligned(4096))) = {1};
  static void *page;
  void *map_both(void) {
    return page = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  int unmap(void) { return munmap(page, 4096); }
  void *variable(void) { return own; }
  int protect(unsigned long at, int how) { return mprotect((void *)(at & -4096ul), 4096, how); }`;
const readWrite = 3;
const readExecute = 5;
const all = 7;

function rolesWrong(engine: Engine): AuditRole[] {
  return engine.audit().violations.map(({ role }) => role);
}

describe.each(linkages)('I3: an audit with linkage %s', (linkage) => {
  /** Each test leaves the process as it found it, or the next audit would say so. */
  const undo: (() => void)[] = [];
  afterEach(() => {
    for (const step of undo.splice(0)) step();
  });

  async function engineWith(): Promise<Engine> {
    const engine = engineFor({ linkage });
    engine.addModule('mapper', bitcode(mapper));
    await engine.link();
    return engine;
  }

  it('finds nothing wrong in an engine whose code is compiled, moved, retired and reclaimed', async () => {
    const engine = await engineWith();
    for (const tier of ['quick', 'peak', 'baseline']) {
      await engine.recompile('mapper', tier);
      engine.move('mapper');
      engine.compact();
      const { ok, violations, parts, mappings } = engine.audit();
      expect(violations).toEqual([]);
      expect(ok).toBe(true);
      const roles = new Set(parts.map(({ role }) => role));
      expect(roles).toEqual(
        new Set([
          'code',
          'readonly',
          'data',
          'guard',
          'alias',
          'stubs',
          'slots',
          'counters',
        ] satisfies AuditRole[]),
      );
      const modes = parts.map(({ role, permissions }) => `${role} ${permissions}`);
      expect(new Set(modes)).toEqual(
        new Set([
          'code r-xs',
          'readonly r--s',
          'data rw-p',
          'guard ---p',
          'alias rw-s',
          'stubs r-xs',
          'slots rw-p',
          'counters rw-p',
        ]),
      );
      expect(mappings.find(({ role }) => role === 'alias')?.residentBytes).toBeGreaterThan(0);
    }
  });

  it('reports a page that a program maps writable and executable', async () => {
    const engine = await engineWith();
    const page = engine.fn('map_both')() as bigint;
    undo.push(() => engine.fn('unmap')());
    const { ok, violations } = engine.audit();
    expect(ok).toBe(false);
    expect(violations).toMatchObject([{ kind: 'writable-and-executable', role: 'outside' }]);
    const [found] = violations;
    expect(found !== undefined && found.start <= page && page < found.end).toBe(true);
    expect(engine.fn('unmap')()).toBe(0);
    undo.length = 0;
    expect(engine.audit().ok).toBe(true);
  });

  it('reports what a program does to the pages of its engine', async () => {
    const engine = await engineWith();
    const protect = engine.fn('protect');
    const variable = engine.fn('variable')() as bigint;
    const stub = protect.address;
    const code = engine.snapshot().modules[0]?.codeAddress ?? 0n;

    expect(protect(variable, all)).toBe(0);
    expect(rolesWrong(engine)).toEqual(['data', 'data']);
    expect(protect(variable, readExecute)).toBe(0);
    expect(rolesWrong(engine)).toEqual(['data']);
    expect(protect(variable, readWrite)).toBe(0);

    expect(protect(stub, all)).toBe(0);
    expect(new Set(rolesWrong(engine))).toEqual(new Set(['code', 'stubs']));
    expect(protect(stub, readExecute)).toBe(0);

    expect(protect(code, all)).toBe(0);
    expect(new Set(rolesWrong(engine))).toEqual(new Set(['code']));
    expect(protect(code, readExecute)).toBe(0);
    expect(engine.audit().ok).toBe(true);
  });

  it('finds nothing wrong at any moment of a program that tiers up', async () => {
    const thresholds = { quick: 50, optimized: 500, peak: 5000 };
    // A continuation of the loop would have `step` inlined.
    const engine = engineFor({ linkage, policy: 'counters', osr: false, thresholds });
    engine.addModule(
      'main',
      bitcode(
        'int step(int); extern volatile int go; int main(void) { int x = 0; while (go) x = step(x); return x < 0; }',
      ),
    );
    engine.addModule(
      'step',
      bitcode(
        'volatile int go = 1; void stop(void) { go = 0; } int step(int x) { return (x + 1) & 0xffffff; }',
      ),
    );
    await engine.link();
    const tiers = new Set<string>();
    const faults: string[] = [];
    engine.on('published', ({ tier }) => {
      tiers.add(tier);
      faults.push(...engine.audit().violations.map(({ message }) => message));
    });
    const running = engine.run();
    for (let look = 0; look < 5000 && !tiers.has('peak'); look += 1) {
      await pause(2);
      faults.push(...engine.audit().violations.map(({ message }) => message));
    }
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    expect(tiers).toContain('peak');
    expect(faults).toEqual([]);
  });
});

it('I3: pages that V8 itself maps writable and executable are told apart, in workers, too', async () => {
  const script = `
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(`${root}dist/src/index.js`)}).then(async ({ createEngine }) => {
      const engine = createEngine();
      const { ok, violations, v8Code } = engine.audit();
      await engine.dispose();
      parentPort.postMessage({ ok, violations, pages: v8Code.length });
    });`;
  const engine = engineFor();
  const own = engine.audit().v8Code;
  expect(own.every(({ role, permissions }) => role === 'v8-code' && permissions === 'rwxp')).toBe(true);
  const worker = new Worker(script, { eval: true });
  const seen = await new Promise<{ ok: boolean; violations: unknown; pages: number }>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  expect(seen).toMatchObject({ ok: true, violations: [] });
  // Those of this thread and of the worker's.
  expect(seen.pages).toBeGreaterThanOrEqual(own.length);
  await worker.terminate();
  expect(engine.audit().ok).toBe(true);
});

it('I3: without a JIT of its own, Node has no writable and executable page at all', () => {
  const script = `
    import { createEngine } from ${JSON.stringify(`${root}dist/src/index.js`)};
    const engine = createEngine();
    engine.addModule('a', 'define i32 @f() {\\n  ret i32 7\\n}');
    await engine.link();
    const { ok, mappings } = engine.audit();
    const both = mappings.filter(({ permissions }) => permissions.startsWith('wx', 1));
    console.log(JSON.stringify([ok, engine.fn('f')(), both.length]));
    await engine.dispose();`;
  const words = ['--jitless', '--input-type=module', '--eval', script];
  const { stdout, stderr, status } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual([true, 7, 0]);
});

it('an audit of an engine that ended is refused', async () => {
  const engine = engineFor();
  await engine.dispose();
  expect(() => engine.audit()).toThrow(expect.objectContaining({ code: 'ENGINE_DISPOSED' }));
});
