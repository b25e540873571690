/** Memory managers as parts: programs run with each shipped one, and one of the user's is asked and checked. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  address,
  createEngine,
  dualMappedMemory,
  type Engine,
  FaultInjectingMemory,
  type Linkage,
  type MemoryManager,
  type MemorySection,
  mprotectMemory,
} from '../../src/index.js';
import { engineFor, pause } from '../support/engine.js';
import { RecordingMemory, shippedManagers } from '../support/managers.js';
import { bitcode, object } from '../support/toolchain.js';

const tiers = ['baseline', 'quick', 'optimized', 'peak'];

interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
  /** Such as `r-xp`. */
  readonly mode: string;
  readonly name: string;
}

/** The mappings of this process. */
function mappings(): Mapping[] {
  const lines = readFileSync('/proc/self/maps', 'utf8').matchAll(
    /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+(.*)$/gm,
  );
  return [...lines].map(([, from = '0', to = '0', mode = '', name = '']) => ({
    from: BigInt(`0x${from}`),
    to: BigInt(`0x${to}`),
    mode,
    name,
  }));
}

/** Permissions of the mapping that holds an address. */
function modeAt(at: bigint): string | undefined {
  return mappings().find(({ from, to }) => from <= at && at < to)?.mode;
}

const codeOf = (engine: Engine, module: string): bigint =>
  engine.snapshot().modules.find(({ name }) => name === module)?.codeAddress ?? 0n;

/** Modules with every kind of section: variables, constants, thread-locals, constructors, tables of pointers. */
function add(engine: Engine): void {
  engine.addModule(
    'a',
    bitcode(
      `#include <stdlib.h>
       int g(int); static int calls; __thread int mine = 5; static int begun;
       __attribute__((constructor)) static void begin(void) { begun++; }
       static int one(int x) { return x + 1; } static int two(int x) { return x * 2; }
       static int (*const table[])(int) = { one, two };
       int f(int x) { calls++; mine++; return table[x & 1](g(x)) + calls * 1000 + mine * 100000 + begun * 10000000; }
       void *where(int which) { return which == 0 ? (void *)f : which == 1 ? (void *)&calls : (void *)table; }
       int absolute(int x) { return abs(x); }`,
    ),
  );
  engine.addModule(
    'b',
    bitcode(
      `int h(int);
       int g(int x) { switch (x & 7) { case 0: return h(1); case 1: return 12; case 2: return h(x); case 3: return 4;
         case 4: return 99; case 5: return 9; case 6: return -1; default: return 77; } }`,
    ),
  );
  engine.addModule('c', object('static int seen; int h(int x) { return x * 2 + ++seen; }'));
}

describe.each(Object.entries(shippedManagers))('with the manager %s', (_name, make) => {
  const linkages: Linkage[] = make().patchable
    ? ['stub', 'offset-table', 'direct']
    : ['stub', 'offset-table'];

  it.each(linkages)(
    'linkage %s: tiers, moves and compactions change no result and no address',
    async (linkage) => {
      const engine = engineFor({ linkage, parts: { memoryManager: make() } });
      const model = engineFor({ linkage });
      for (const one of [engine, model]) {
        add(one);
        await one.link();
      }
      const same = (): void => {
        for (let x = 0; x < 8; x += 1) expect(engine.fn('f')(x)).toBe(model.fn('f')(x));
        expect(engine.fn('absolute')(-7)).toBe(7);
      };
      same();
      const pointers = [0, 1, 2].map((which) => engine.fn('where')(which));
      // What `quick` counts stays with a module's source.
      for (const tier of ['quick', 'baseline'])
        for (const module of ['a', 'b']) await engine.recompile(module, tier);
      engine.reclaim();
      const atRest = engine.snapshot().memory;
      for (const tier of tiers) {
        for (const module of ['a', 'b']) {
          await engine.recompile(module, tier);
          const from = codeOf(engine, module);
          engine.move(module);
          expect(codeOf(engine, module)).not.toBe(from);
          same();
        }
        engine.compact();
        const { start } = engine.relayout(['b', 'a']);
        expect(codeOf(engine, 'b')).toBe(start);
        expect(codeOf(engine, 'a')).toBeGreaterThan(start);
        await engine.recompileGroup([
          { module: 'a', tier: 'baseline' },
          { module: 'b', tier: 'quick' },
        ]);
        same();
        expect([0, 1, 2].map((which) => engine.fn('where')(which))).toEqual(pointers);
      }
      await engine.recompile('b', 'baseline');
      same();
      // I5: nothing of all those versions is left.
      expect(engine.snapshot().retired).toEqual([]);
      expect(engine.snapshot().memory).toMatchObject({
        code: atRest.code,
        readonly: atRest.readonly,
        data: atRest.data,
      });
    },
  );

  it('I3: nothing is writable and executable, code can be executed, constants only read', async () => {
    const engine = engineFor({ parts: { memoryManager: make() } });
    add(engine);
    await engine.link();
    await engine.recompile('a', 'peak');
    const [stub, variable, constants] = [0, 1, 2].map((which) => engine.fn('where')(which) as bigint);
    expect(
      [codeOf(engine, 'a'), stub, variable, constants].map((at) => modeAt(at ?? 0n)?.slice(0, 3)),
    ).toEqual(['r-x', 'r-x', 'rw-', 'r--']);
    const { start, capacity } = engine.snapshot().codeCache;
    const own = mappings().filter(
      ({ from, name }) =>
        (from >= start && from < start + BigInt(capacity)) || name.includes('memfd:tierlink'),
    );
    expect(own.length).toBeGreaterThan(1);
    expect(own.filter(({ mode }) => mode.includes('w') && mode.includes('x'))).toEqual([]);
    expect(engine.fn('f')(1)).toBe(10_601_024);
  });

  it('moves and recompiles all versions of a module together', async () => {
    const engine = engineFor({ unit: 'function', parts: { memoryManager: make() } });
    const names = ['one', 'two', 'three'];
    engine.addModule(
      'm',
      bitcode(names.map((name, index) => `int ${name}(int x) { return x + ${String(index)}; }`).join('\n')),
    );
    await engine.link();
    // A first call each, so a version each.
    const same = (): void => {
      expect(names.map((name) => engine.fn(name)(40))).toEqual([40, 41, 42]);
    };
    same();
    engine.move('m');
    same();
    engine.relayout(['m']);
    same();
    await engine.recompileGroup([{ module: 'm', tier: 'peak' }]);
    same();
  });

  it('I5: a thread goes on in a version while others come, move and go around it', async () => {
    const engine = engineFor({ parts: { memoryManager: make() } });
    engine.addModule(
      'main',
      bitcode(
        `int step(int); extern volatile int go; volatile int rounds; int done(void) { return rounds; }
         int main(void) { int x = 0; while (go) { x = step(x); rounds++; } return x != rounds; }`,
      ),
    );
    engine.addModule(
      'step',
      bitcode('volatile int go = 1; void stop(void) { go = 0; } int step(int x) { return x + 1; }'),
    );
    await engine.link();
    const running = engine.run();
    await pause(5);
    for (let round = 0; round < 60; round += 1) {
      engine.move(round % 3 === 0 ? 'main' : 'step');
      if (round % 20 === 0) await engine.recompile('step', tiers[(round / 20) % 4] ?? '');
      if (round % 10 === 0) await pause(1);
    }
    const before = engine.fn('done')();
    await pause(20);
    expect(engine.fn('done')()).not.toBe(before);
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    engine.reclaim();
    expect(engine.snapshot().retired).toEqual([]);
  });
});

describe.each(Object.entries(shippedManagers))('what the %s manager reserves', (_, make) => {
  it('is no memory in use for V8, which would collect garbage for it', () => {
    const before = process.memoryUsage().external;
    engineFor({ parts: { memoryManager: make() } });
    expect(process.memoryUsage().external - before).toBeLessThan(2 ** 26);
  });

  it('is seen as far as it is used, also by what lay there before', async () => {
    const engine = engineFor({ parts: { memoryManager: make() } });
    const large = (name: string): Uint8Array =>
      bitcode(
        `static char before[100] = "b", large[9000000] = "l", after[100] = "a";
         int ${name}(int at) { return at == 0 ? before[0]++ : at == 1 ? large[0] + large[sizeof large - 1]++ : after[0]++; }`,
      );
    engine.addModule('one', large('one'));
    engine.addModule('two', large('two'));
    await engine.link();
    const [one, two] = [engine.fn('one'), engine.fn('two')];
    expect([0, 1, 2].flatMap((at) => [one(at), two(at)])).toEqual([98, 98, 108, 108, 97, 97]);
    engine.move('one');
    await engine.recompile('two', 'optimized');
    expect([0, 1, 2].flatMap((at) => [one(at), two(at)])).toEqual([99, 99, 109, 109, 98, 98]);
  });
});

describe('the mprotect manager', () => {
  it('refuses linkage direct by name, for the engine and for a module', () => {
    const refused = (value: RegExp): unknown =>
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: expect.objectContaining({
          option: 'linkage',
          value: expect.stringMatching(value) as unknown,
        }) as unknown,
      });
    const value = /^direct with memory manager MprotectMemory/;
    expect(() => createEngine({ linkage: 'direct', parts: { memoryManager: mprotectMemory() } })).toThrow(
      refused(value),
    );
    const engine = engineFor({ parts: { memoryManager: mprotectMemory() } });
    expect(() => {
      engine.addModule('m', 'define void @f() {\n  ret void\n}\n', { linkage: 'direct' });
    }).toThrow(refused(value));
    expect(engine.snapshot().modules).toEqual([]);
  });

  it('takes access away from code that was reclaimed', async () => {
    const engine = engineFor({ parts: { memoryManager: mprotectMemory() } });
    add(engine);
    await engine.link();
    const old = codeOf(engine, 'a');
    await engine.recompile('a', 'peak');
    expect([modeAt(old), modeAt(codeOf(engine, 'a'))]).toEqual(['---p', 'r-xp']);
    expect(codeOf(engine, 'a') % 4096n).toBe(0n);
  });

  it('says that the place is taken where code can not begin', async () => {
    const engine = engineFor({ parts: { memoryManager: mprotectMemory() } });
    add(engine);
    await engine.link();
    const { start } = engine.snapshot().codeCache;
    const before = engine.snapshot().memory;
    expect(() => {
      engine.move('a', start + 0x10_0040n);
    }).toThrow(expect.objectContaining({ code: 'MEMORY_EXHAUSTED' }));
    expect(engine.snapshot().memory).toEqual(before);
    engine.move('a', start + 0x10_0000n);
    expect(codeOf(engine, 'a')).toBe(start + 0x10_0000n);
  });
});

describe('a manager of the user', () => {
  it('is asked for each section by id, name and module, and told when they are complete and when they are free', async () => {
    const memoryManager = new RecordingMemory();
    const engine = createEngine({
      unit: 'module',
      policy: 'never',
      linkage: 'direct',
      parts: { memoryManager },
    });
    add(engine);
    await engine.link();
    const asked = memoryManager.calls.filter(({ id }) => id !== undefined);
    expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
    const kinds = (module: string): string[] =>
      memoryManager.calls
        .filter((one) => one.module === module)
        .map(({ call, name }) => `${call} ${name ?? ''}`);
    expect(kinds('offset table')).toEqual(['data .data', 'data .data', 'code .text', 'finalize ']);
    expect(kinds('a')).toEqual([
      'readonly .rodata',
      'data .data',
      'code .text',
      'readonly .rodata',
      'finalize ',
    ]);
    const before = memoryManager.live.size;
    memoryManager.calls.length = 0;
    await engine.recompile('a', 'peak');
    expect(kinds('a').slice(0, 3)).toEqual(['code .text', 'readonly .rodata', 'finalize ']);
    expect(memoryManager.calls.filter(({ call }) => call === 'release').length).toBeGreaterThanOrEqual(2);
    expect(memoryManager.live.size).toBe(before);
    expect(engine.snapshot().codeCache.start).toBeGreaterThan(0n);
    await engine.dispose();
    expect(memoryManager.calls.at(-1)).toEqual({ call: 'destroy' });
    expect(memoryManager.calls.filter(({ call }) => call === 'destroy').length).toBe(1);
  });

  it('makes a link or a recompile fail when it has no room, and nothing stays behind (I8)', async () => {
    const memoryManager = new RecordingMemory();
    const engine = engineFor({ parts: { memoryManager } });
    engine.addModule('first', 'define i32 @first() nounwind {\n  ret i32 1\n}\n');
    await engine.link();
    add(engine);
    const sections = [...memoryManager.live.keys()];
    const before = { ...engine.snapshot(), wallMs: 0 };
    for (let rest = 0; rest < 6; rest += 1) {
      let left = rest;
      memoryManager.twist = (section, module) => {
        if (left > 0 || module === 'a search for room') {
          left -= 1;
          return section;
        }
        memoryManager.inner.release(module, section);
        return undefined;
      };
      await expect(engine.link()).rejects.toMatchObject({ code: 'MEMORY_EXHAUSTED' });
      expect({ ...engine.snapshot(), wallMs: 0 }).toEqual(before);
      expect([...memoryManager.live.keys()]).toEqual(sections);
    }
    memoryManager.twist = (section) => section;
    await engine.link();
    expect(engine.fn('first')()).toBe(1);
    expect(engine.fn('absolute')(-3)).toBe(3);
  });

  it('without room for the tables of the first link leaves the engine empty', async () => {
    let left = 0;
    const memoryManager = new FaultInjectingMemory(mprotectMemory(), (point) => {
      if (point === 'allocate') left -= 1;
      return point === 'allocate' && left === 0;
    });
    const engine = engineFor({ parts: { memoryManager } });
    engine.addModule('first', 'define i32 @first() nounwind {\n  ret i32 1\n}\n');
    for (let nth = 1; nth <= 3; nth += 1) {
      left = nth;
      await expect(engine.link()).rejects.toMatchObject({
        code: 'MEMORY_EXHAUSTED',
        details: { module: 'offset table' },
      });
      expect(engine.snapshot().memory).toMatchObject({ code: 0, readonly: 0, data: 0 });
    }
    await engine.link();
    expect([engine.fn('first')(), memoryManager.injected]).toEqual([1, 3]);
  });

  it('of another version, or incomplete, is refused before it is called', () => {
    const calls = new RecordingMemory();
    const give = (change: object): (() => Engine) => {
      const memoryManager = Object.assign(Object.create(calls) as RecordingMemory, change);
      return () => createEngine({ parts: { memoryManager } });
    };
    expect(give({ apiVersion: 2 })).toThrow(
      expect.objectContaining({
        code: 'API_VERSION_MISMATCH',
        message: expect.stringMatching(
          /MemoryManager .* version 2; this tierlink calls version 1/,
        ) as unknown,
      }),
    );
    expect(give({ release: undefined })).toThrow(
      expect.objectContaining({
        code: 'MEMORY_MANAGER_INVALID',
        message: expect.stringMatching(/RecordingMemory: it has no method release/) as unknown,
      }),
    );
    expect(calls.calls).toEqual([]);
  });

  it('belongs to one engine, and has its sizes from its maker', async () => {
    const memoryManager = dualMappedMemory();
    const option = (name: string): unknown =>
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: expect.objectContaining({ option: name }) as unknown,
      });
    expect(() => createEngine({ memory: { codeBytes: 2 ** 20 }, parts: { memoryManager } })).toThrow(
      option('memory'),
    );
    expect(() => dualMappedMemory({ codeBytes: 5 })).toThrow(option('memory.codeBytes'));
    // One that could not be used is still its maker's.
    expect(() => createEngine({ libraries: ['/no/such.so'], parts: { memoryManager } })).toThrow(
      expect.objectContaining({ code: 'LIBRARY_UNLOADABLE' }),
    );
    const engine = createEngine({ parts: { memoryManager } });
    expect(() => createEngine({ parts: { memoryManager } })).toThrow(option('parts.memoryManager'));
    await engine.dispose();
    expect(() => createEngine({ parts: { memoryManager } })).toThrow(option('parts.memoryManager'));
  });

  it('that can not be destroyed is told of, and the engine has ended', async () => {
    class Stuck extends RecordingMemory {
      override destroy(): void {
        this.inner.destroy();
        throw new Error('stuck');
      }
    }
    const memoryManager: MemoryManager = new Stuck();
    const engine = createEngine({ parts: { memoryManager } });
    const told: string[] = [];
    engine.on('warning', ({ message }) => told.push(message));
    await engine.dispose();
    expect(told).toEqual(['the memory manager could not be destroyed: stuck']);
  });
});

describe('memory that does not fit is refused by name, and what runs is not touched (I8)', () => {
  const shifted = (section: MemorySection, by: number): MemorySection => ({
    ...section,
    address: address(section.address + by),
  });
  const cases: [
    string,
    RegExp,
    (section: MemorySection, others: readonly MemorySection[]) => MemorySection,
  ][] = [
    [
      'overlapping',
      /overlaps \.text of module offset table, which is in use/,
      (section, others) => ({ ...section, address: others[2]?.address ?? section.address }),
    ],
    ['misaligned', /not aligned to \d+ bytes/, (section) => shifted(section, 4)],
    ['short', /were asked for/, (section) => ({ ...section, bytes: section.bytes.subarray(1) })],
    ['too distant', /bytes apart; code model small has 2 GiB/, (section) => shifted(section, -(2 ** 32))],
    [
      'written elsewhere',
      /does not appear at its address/,
      (section) => ({ ...section, bytes: new Uint8Array(section.bytes.length) }),
    ],
    ['not readable', /can't be read/, (section) => shifted(section, -(2 ** 30))],
  ];

  it.each(cases)('%s', async (_, reason, twist) => {
    const memoryManager = new RecordingMemory();
    const engine = engineFor({ parts: { memoryManager } });
    add(engine);
    await engine.link();
    expect(engine.fn('absolute')(-1)).toBe(1);
    const others = [...memoryManager.live.keys()];
    const before = { ...engine.snapshot(), wallMs: 0 };
    const pristine = others.map(({ bytes }) => Buffer.from(bytes));
    memoryManager.twist = (section, module) => (module === 'b' ? twist(section, others) : section);
    const refused = (section: string): unknown =>
      expect.objectContaining({
        code: 'MEMORY_MANAGER_INVALID',
        details: {
          manager: 'RecordingMemory',
          module: 'b',
          section,
          reason: expect.stringMatching(reason) as unknown,
        },
      });
    await expect(engine.recompile('b', 'peak')).rejects.toThrow(refused('.text'));
    expect(() => {
      engine.move('b');
    }).toThrow(refused('.text'));
    const after = engine.snapshot();
    expect([after.memory, after.versionsByTier, after.codeCache]).toEqual([
      before.memory,
      before.versionsByTier,
      before.codeCache,
    ]);
    expect(others.map(({ bytes }) => Buffer.from(bytes))).toEqual(pristine);
    memoryManager.twist = (section) => section;
    await engine.recompile('b', 'peak');
    expect(engine.fn('absolute')(-2)).toBe(2);
  });
});
