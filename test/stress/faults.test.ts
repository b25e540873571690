/** Threads go on in a program that is changed in every way, while memory, compiler and registrar fail now and then. */
import { expect, it } from 'vitest';
import {
  type Compiler,
  dualMappedMemory,
  FaultInjectingMemory,
  failSometimes,
  type FrameRegistrar,
  TierlinkError,
} from '../../src/index.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { NativeFrameRegistrar } from '../../src/unwind/native-registrar.js';
import { linkages } from '../support/engine.js';
import { randomFrom, stressProgram } from '../support/stress-program.js';

const longestMs = 15_000;
const rounds = 4000;
const tiers = ['baseline', 'quick', 'optimized', 'peak'];

/** What may fail, and how often it did. */
class Faults {
  /** Nothing fails before the program runs. */
  isOn = false;
  readonly counts = { memory: 0, compiler: 0, registrar: 0 };
  readonly #random: (below: number) => number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  /** True, and counted, in one of so many cases. */
  strikes(part: keyof Faults['counts'], oneOf: number): boolean {
    if (!this.isOn || this.#random(oneOf) !== 0) return false;
    this.counts[part] += 1;
    return true;
  }
}

function failingCompiler(faults: Faults, inner: Compiler): Compiler {
  return {
    threads: inner.threads,
    compile: async (request) => {
      const compiled = await inner.compile(request);
      const { module, tier } = request;
      const reason = 'the test lets it';
      if (faults.strikes('compiler', 8))
        throw new TierlinkError('COMPILE_FAILED', { module, tier: tier.name, reason });
      return compiled;
    },
    compileNow: (request) => inner.compileNow(request),
    forget: (bitcode) => {
      inner.forget?.(bitcode);
    },
    pending: () => inner.pending(),
    destroy: () => inner.destroy(),
  };
}

function failingRegistrar(faults: Faults, inner: FrameRegistrar): FrameRegistrar {
  return {
    apiVersion: inner.apiVersion,
    register: (...table) => {
      if (faults.strikes('registrar', 16)) throw new RangeError('the test lets it');
      inner.register(...table);
    },
    deregister: (frames) => {
      inner.deregister(frames);
    },
    destroy: () => {
      inner.destroy();
    },
  };
}

/** What a fault may turn into; anything else is a mistake of the engine. */
const expected = ['MEMORY_EXHAUSTED', 'MEMORY_MANAGER_INVALID', 'COMPILE_FAILED', 'OBJECT_UNSUPPORTED'];

it.each(linkages)(
  'faults in memory, compiler and registrar stop no thread and change no result (%s)',
  async (linkage) => {
    const faults = new Faults(linkage.length);
    const rule = failSometimes(0.02, linkage.length);
    const addon = loadAddon();
    const memory = new FaultInjectingMemory(dualMappedMemory(), (point, count) => {
      if (!faults.isOn || !rule(point, count)) return false;
      faults.counts.memory += 1;
      return true;
    });
    const { engine, modules, replacing, spare, spareSource } = await stressProgram({
      linkage,
      parts: {
        memoryManager: memory,
        compiler: (threads) => failingCompiler(faults, new LlvmCompiler(addon, threads)),
        frameRegistrar: failingRegistrar(faults, new NativeFrameRegistrar(addon)),
      },
    });
    const running = engine.run();
    const random = randomFrom(linkage.length + 1);
    let failed = 0;
    faults.isOn = true;
    const end = performance.now() + longestMs;
    for (let round = 0; round < rounds && performance.now() < end; round += 1) {
      const module = modules[random(modules.length)] ?? '';
      const other = modules[random(modules.length)] ?? '';
      const tier = tiers[random(tiers.length)] ?? '';
      try {
        switch (random(12)) {
          case 0:
            await engine.recompile(module, tier);
            break;
          case 1:
            if (module !== other)
              await engine.recompileGroup([
                { module, tier },
                { module: other, tier },
              ]);
            break;
          case 2: {
            const { name, sources } = replacing[random(replacing.length)] ?? { name: '', sources: [] };
            await engine.replaceModule(name, sources[random(2)] ?? '');
            break;
          }
          case 3: {
            const name = spare[random(spare.length)] ?? '';
            const isThere = engine
              .snapshot()
              .modules.some((known) => known.name === name && known.version !== null);
            const both = engine
              .snapshot()
              .modules.filter((known) => spare.includes(known.name) && known.version !== null);
            if (isThere && both.length === 2) await engine.removeModule(name);
            else if (!engine.snapshot().modules.some((known) => known.name === name))
              engine.addModule(name, spareSource);
            await engine.link();
            break;
          }
          case 4:
            engine.compact();
            break;
          case 5:
            engine.relayout([module, other]);
            break;
          case 6:
            engine.reclaim();
            break;
          default:
            engine.move(module);
            break;
        }
      } catch (error) {
        expect(error).toBeInstanceOf(TierlinkError);
        expect(expected).toContain((error as TierlinkError).code);
        failed += 1;
      }
    }
    faults.isOn = false;
    expect(engine.fn('mistakes')()).toBe(0n);
    // After all of it, everything can be done that could be done before.
    for (const module of modules) await engine.recompile(module, 'baseline');
    expect(engine.fn('mistakes')()).toBe(0n);
    engine.fn('stop')();
    expect(await running).toMatchObject({ how: 'return' });
    engine.reclaim();
    const { retired, ledger, memory: used } = engine.snapshot();
    expect(retired).toEqual([]);
    // No block was lost: each is somebody's.
    expect(ledger.total).toMatchObject({ code: used.code, readonly: used.readonly, data: used.data });
    expect(failed).toBeGreaterThan(50);
    expect(Math.min(...Object.values(faults.counts))).toBeGreaterThan(10);
  },
  60_000,
);
