import { describe, expect, it } from 'vitest';
import type { TierlinkError } from '../../../src/core/errors.js';
import type { MemoryManager } from '../../../src/memory/memory-manager.js';
import { SectionMemory } from '../../../src/memory/section-memory.js';
import { dualMapped, sectionMemory } from './fakes.js';

describe('the memory of an engine', () => {
  it('keeps the accounts of what is in use', () => {
    const memory = sectionMemory();
    const code = memory.allocate('code', 100, 16, 'm');
    const data = memory.allocate('data', 10, 8, 'm');
    expect([memory.used('code'), memory.used('readonly'), memory.used('data')]).toEqual([100, 0, 10]);
    expect(code).toMatchObject({ region: 'code', module: 'm', size: 100, address: 0x10000 });
    expect(memory.span).toBe(100);
    memory.release(code);
    memory.release(code);
    expect([memory.used('code'), memory.span]).toEqual([0, 0]);
    memory.releaseModule('m');
    expect(memory.used('data')).toBe(0);
    memory.release(data);
    expect(memory.used('data')).toBe(0);
  });

  it('says what did not fit, and for whom', () => {
    expect(() => sectionMemory().allocate('code', 5000, 16, 'm')).toThrow(
      expect.objectContaining({
        code: 'MEMORY_EXHAUSTED',
        details: { module: 'm', region: 'code', needed: 5000, limit: 4096 },
      }),
    );
  });

  it('names no limit where the manager tells none', () => {
    const manager: MemoryManager = Object.assign(Object.create(dualMapped()) as MemoryManager, {
      ranges: undefined,
      allocateCodeSection: () => undefined,
    });
    let seen: unknown;
    try {
      sectionMemory(manager).allocate('code', 50, 16, 'm');
    } catch (error) {
      seen = error;
    }
    expect((seen as TierlinkError<'MEMORY_EXHAUSTED'>).details.limit).toBeUndefined();
    expect((seen as Error).message).toBe(
      "module m: 50 bytes of code memory don't fit; let the memory manager have more",
    );
  });

  it('finds room with and without the help of the manager', () => {
    const inner = dualMapped();
    const plain: MemoryManager = {
      apiVersion: 1,
      codeModel: 'small',
      granularity: 1,
      patchable: true,
      allocateCodeSection: inner.allocateCodeSection.bind(inner),
      allocateDataSection: inner.allocateDataSection.bind(inner),
      finalize: inner.finalize.bind(inner),
      release: inner.release.bind(inner),
      destroy: inner.destroy.bind(inner),
    };
    const memory = sectionMemory(plain);
    const first = memory.allocate('code', 100, 16, 'm');
    const helped = sectionMemory(inner);
    expect(memory.hole(50, 64)).toBe(0x10080);
    expect(helped.hole(50, 64)).toBe(0x10080);
    expect(memory.hole(4090, 64)).toBeUndefined();
    expect(memory.hole(50, 64)).toBe(0x10080);
    expect(memory.start).toBe(first.address);
    expect(memory.used('code')).toBe(100);
  });

  it('names a manager that throws, with what it threw', () => {
    const manager: MemoryManager = Object.assign(Object.create(dualMapped()) as MemoryManager, {
      finalize: () => {
        throw new RangeError('no more mappings');
      },
      allocateDataSection: () => {
        throw new RangeError('not today');
      },
    });
    const memory = sectionMemory(manager);
    expect(() => {
      memory.finalize('m');
    }).toThrow(
      expect.objectContaining({
        code: 'MEMORY_MANAGER_INVALID',
        cause: expect.any(RangeError) as unknown,
        message: expect.stringMatching(/finalize of module m failed: no more mappings/) as unknown,
      }),
    );
    expect(() => memory.allocate('readonly', 8, 8, 'm')).toThrow(
      /section \.rodata of module m: allocating it failed: not today/,
    );
  });

  it('only tells when memory could not be taken back', () => {
    const manager: MemoryManager = Object.assign(Object.create(dualMapped()) as MemoryManager, {
      allocateCodeSection: (...args: Parameters<MemoryManager['allocateCodeSection']>) =>
        dualMapped().allocateCodeSection(...args),
      release: () => {
        throw new Error('stuck');
      },
    });
    const told: string[] = [];
    const memory = sectionMemory(manager, (module, message) => told.push(`${module}: ${message}`));
    memory.release(memory.allocate('code', 8, 8, 'm'));
    expect(told).toEqual(['m: memory manager DualMappedMemory could not take memory back: stuck']);
    expect(memory.used('code')).toBe(0);
  });

  it('makes memory known once where a larger range is known with it, else block by block', () => {
    const calls: string[] = [];
    const make = (around: { start: number; end: number } | undefined): SectionMemory =>
      new SectionMemory({
        manager: dualMapped(),
        cover: ({ address }) => {
          calls.push(`+${address.toString(16)}`);
          return around;
        },
        uncover: (start) => calls.push(`-${start.toString(16)}`),
        warn: () => undefined,
      });
    const whole = make({ start: 0x10000, end: 0x40000 });
    const block = whole.allocate('code', 8, 8, 'm');
    whole.allocate('data', 8, 8, 'm');
    whole.release(block);
    expect(calls.splice(0)).toEqual(['+10000']);
    const parts = make(undefined);
    const other = parts.allocate('code', 8, 8, 'm');
    parts.allocate('data', 8, 8, 'm');
    parts.release(other);
    expect(calls).toEqual(['+10000', '+30000', '-10000']);
  });
});
