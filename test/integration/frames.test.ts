/** The addon's index of unwind tables: what the unwinder finds, what is refused, and what it costs. */
import { onTestFinished, describe, expect, test } from 'vitest';
import { loadAddon } from '../../src/native/loader.js';
import type { Handle } from '../../src/native/contract.js';
import { type Described, ehFrame, sectionBytes } from '../support/eh-frame.js';
import { createEngine, destroyEngine, place, readInt, regionsOf } from './native-program.js';

const addon = loadAddon();
const mebibyte = 2 ** 20;
const functionBytes = 16;
/** Room for one section with one entry. */
const tableBytes = 64;

interface Memory {
  readonly engine: Handle;
  readonly code: bigint;
  readonly readonly: bigint;
  /** Writes a section of the readonly region and returns where it lies. */
  readonly write: (offset: number, functions: readonly Described[]) => bigint;
  readonly bytes: Uint8Array;
}

function memory(bytes = mebibyte): Memory {
  const engine = createEngine(addon, bytes, 4 * bytes, mebibyte);
  onTestFinished(() => {
    destroyEngine(addon, engine);
  });
  const { code, readonly } = regionsOf(addon, engine);
  const writable = new Uint8Array(readonly.bytes);
  const write = (offset: number, functions: readonly Described[]): bigint => {
    const at = readonly.base + BigInt(offset);
    writable.set(ehFrame(at, functions), offset);
    return at;
  };
  return { engine, code: code.base, readonly: readonly.base, write, bytes: writable };
}

/** Tables of one function each, side by side. */
class Tables {
  readonly #memory: Memory;
  readonly #count: number;
  readonly #frames: bigint[] = [];

  constructor(count: number) {
    this.#count = count;
    this.#memory = memory(Math.max(mebibyte, count * functionBytes));
    for (let i = 0; i < count; i += 1) {
      this.#frames.push(this.#memory.write(i * tableBytes, [{ start: this.start(i), size: functionBytes }]));
    }
  }

  start(index: number): bigint {
    return this.#memory.code + BigInt(index * functionBytes);
  }

  register(index: number): void {
    addon.framesRegister(this.#frames[index] ?? 0n, sectionBytes(1), this.start(index), functionBytes);
  }

  deregister(index: number): void {
    addon.framesDeregister(this.#frames[index] ?? 0n);
  }

  found(index: number): boolean {
    return addon.unwindFunctionAround(this.start(index) + 5n) === this.start(index);
  }

  /** All indexes once, in an order that has nothing to do with addresses. */
  *shuffled(): Generator<number> {
    // 7,919 is prime and divides none of the counts, so its multiples reach every index.
    for (let i = 0, at = 0; i < this.#count; i += 1, at = (at + 7919) % this.#count) yield at;
  }
}

describe('the index', () => {
  test('is what the unwinder asks', () => {
    expect(addon.framesIndexed()).toBe(true);
  });

  test('finds each function of each table, and nothing between or behind them', () => {
    const { code, write } = memory();
    // Entries out of order, a gap, one that the linker has cleared, one table without functions.
    const at = (offset: number, size: number): Described => ({ start: code + BigInt(offset), size });
    const first = write(0, [at(64, 16), at(0, 10), at(32, 32)]);
    const second = write(256, [at(1000, 1)]);
    const empty = write(512, []);
    addon.framesRegister(first, sectionBytes(3), code, 200);
    addon.framesRegister(second, sectionBytes(1), code + 1000n, 24);
    addon.framesRegister(empty, sectionBytes(0), code + 4096n, 0);
    const found = (offset: number): number | undefined => {
      const start = addon.unwindFunctionAround(code + BigInt(offset));
      return start === 0n ? undefined : Number(start - code);
    };
    expect([0, 9, 10, 31, 32, 63, 64, 79, 80, 199, 999, 1000, 1001, 4096].map(found)).toEqual([
      0,
      0,
      ...[undefined, undefined],
      ...[32, 32, 64, 64],
      ...[undefined, undefined, undefined],
      1000,
      ...[undefined, undefined],
    ]);
    addon.framesDeregister(first);
    expect([found(0), found(70), found(1000)]).toEqual([undefined, undefined, 1000]);
    // Functions of libraries are still the loader's to find.
    expect(addon.unwindFunctionAround(addon.processSymbol('qsort'))).not.toBe(0n);
    addon.framesDeregister(second);
    addon.framesDeregister(empty);
  });

  test('stays right while tables come and go in any order', () => {
    const count = 1000;
    const tables = new Tables(count);
    const present = new Set<number>();
    let seed = 12345;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let round = 0; round < 20_000; round += 1) {
      // Fills up and empties out by turns, so that leaves split and go.
      const index = random(count);
      const fill = Math.floor(round / 4000) % 2 === 0;
      if (fill && !present.has(index)) {
        tables.register(index);
        present.add(index);
      } else if (!fill && present.has(index)) {
        tables.deregister(index);
        present.delete(index);
      }
      const probe = random(count);
      expect(tables.found(probe)).toBe(present.has(probe));
    }
    for (let index = 0; index < count; index += 1) expect(tables.found(index)).toBe(present.has(index));
  });

  test('refuses damaged tables and overlaps, and is then as it was', () => {
    const { code, readonly, write, bytes } = memory();
    const good = write(0, [{ start: code, size: 16 }]);
    const refuse = (words: RegExp, size = sectionBytes(1), codeBytes = 16): void => {
      expect(() => {
        addon.framesRegister(good, size, code, codeBytes);
      }).toThrow(words);
    };
    const spoil = (offset: number, value: number, words: RegExp): void => {
      const kept = bytes[offset] ?? 0;
      bytes[offset] = value;
      refuse(words);
      bytes[offset] = kept;
    };
    refuse(/outside the code/, sectionBytes(1), 15);
    refuse(/cut off/, sectionBytes(1) - 1);
    refuse(/cut off/, 3);
    refuse(/no frame table/, 0);
    spoil(0, 200, /cut off|common part/);
    spoil(8, 9, /unknown kind/);
    spoil(9, 0x41, /unknown kind/);
    spoil(10, 0x51, /unknown kind/);
    spoil(16, 0x9b, /unknown kind/);
    spoil(16, 0x51, /unknown kind/);
    spoil(29, 1, /common part/);
    spoil(28, 24, /common part/);
    spoil(35, 1, /outside the code/);
    addon.framesRegister(good, sectionBytes(1), code, 16);
    refuse(/registered/);
    const other = write(256, [{ start: code + 8n, size: 4 }]);
    for (const [offset, size] of [
      [8, 4],
      [15, 100],
    ] as const) {
      expect(() => {
        addon.framesRegister(other, sectionBytes(1), code + BigInt(offset), size);
      }).toThrow(size === 4 ? /overlaps/ : /outside/);
    }
    addon.framesDeregister(good);
    expect(addon.unwindFunctionAround(code)).toBe(0n);
    expect(() => {
      addon.framesDeregister(good);
    }).toThrow(/registered/);
    expect(readonly).toBe(good);
  });

  test('survives any byte being any other', () => {
    const { code, write, bytes } = memory();
    const size = sectionBytes(2);
    const good = write(0, [
      { start: code, size: 16 },
      { start: code + 16n, size: 16 },
    ]);
    let refused = 0;
    for (let offset = 0; offset < size; offset += 1) {
      const kept = bytes[offset] ?? 0;
      for (let value = 0; value < 256; value += 1) {
        bytes[offset] = value;
        try {
          addon.framesRegister(good, size, code, 32);
          addon.framesDeregister(good);
        } catch {
          refused += 1;
        }
      }
      bytes[offset] = kept;
    }
    expect(refused).toBeGreaterThan(1000);
  });

  test('answers threads that unwind while tables come and go', async () => {
    const engine = createEngine(addon, mebibyte, mebibyte, 4 * mebibyte);
    const program = place(
      addon,
      engine,
      `#include <pthread.h>
       extern "C" { volatile int leave; int thrown; int lost; void *unwind(void *); int main(); }
       __attribute__((noinline)) static void deep(int n) { if (n == 0) throw 42; deep(n - 1); __asm__(""); }
       void *unwind(void *) {
         while (!leave) { try { deep(6); } catch (int e) { __atomic_fetch_add(e == 42 ? &thrown : &lost, 1, 0); } }
         return nullptr; }
       int main() {
         pthread_t threads[3];
         for (auto &t : threads) pthread_create(&t, nullptr, unwind, nullptr);
         for (auto &t : threads) pthread_join(t, nullptr);
         return 7; }`,
      'c++',
    );
    addon.framesRegister(...program.frames);
    const running = addon.run(engine, program.slot('main'), []);
    const tables = new Tables(3000);
    for (let round = 0; round < 10; round += 1) {
      for (const index of tables.shuffled()) tables.register(index);
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (const index of tables.shuffled()) tables.deregister(index);
    }
    const { data } = regionsOf(addon, engine);
    new DataView(data.bytes).setInt32(Number(program.address('leave') - data.base), 1, true);
    expect(await running).toEqual({ how: 'return', status: 7 });
    expect(readInt(addon, engine, program.address('thrown'))).toBeGreaterThan(1000);
    expect(readInt(addon, engine, program.address('lost'))).toBe(0);
    destroyEngine(addon, engine);
  });
});

describe('growth', () => {
  /** Nanoseconds for a function: the best of some rounds over all of them. */
  function cost(count: number): Record<'register' | 'find' | 'deregister', number> {
    const tables = new Tables(count);
    const timed = (action: (index: number) => void, order: Iterable<number>): number => {
      const begin = process.hrtime.bigint();
      for (const index of order) action(index);
      return Number(process.hrtime.bigint() - begin) / count;
    };
    const ascending = Array.from({ length: count }, (_, index) => index);
    const shuffled = [...tables.shuffled()];
    const best = { register: Infinity, find: Infinity, deregister: Infinity };
    for (let round = 0; round < 6; round += 1) {
      const order = round % 2 === 0 ? ascending : shuffled;
      let missed = 0;
      const seen = {
        register: timed((index) => {
          tables.register(index);
        }, order),
        find: timed((index) => {
          if (!tables.found(index)) missed += 1;
        }, shuffled),
        deregister: timed((index) => {
          tables.deregister(index);
        }, order),
      };
      expect(missed).toBe(0);
      for (const what of ['register', 'find', 'deregister'] as const) {
        best[what] = Math.min(best[what], seen[what]);
      }
    }
    return best;
  }

  test('a function costs as much among 50,000 as among 1,000', () => {
    cost(1000);
    const [few, more, many] = [cost(1000), cost(10_000), cost(50_000)];
    for (const what of ['register', 'find', 'deregister'] as const) {
      expect(more[what] / few[what], `${what} at 10,000`).toBeLessThan(4);
      expect(many[what] / few[what], `${what} at 50,000`).toBeLessThan(4);
    }
    if (process.env['TIERLINK_FIGURES'] !== undefined) console.log({ few, more, many });
  });
});
