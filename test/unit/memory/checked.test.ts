/** What is refused of a memory manager, and what becomes of the memory it handed out. */
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/core/ids.js';
import { CheckedMemory, type ViewProbe } from '../../../src/memory/checked.js';
import type { MemoryManager, MemorySection } from '../../../src/memory/memory-manager.js';

/** Hands out what it is told to, and remembers what it gets back. */
class Scripted implements MemoryManager {
  readonly apiVersion: number = 1;
  readonly codeModel = 'small';
  readonly granularity: number = 1;
  readonly patchable: boolean = true;
  next: MemorySection | undefined;
  readonly returned: (MemorySection | undefined)[] = [];

  allocateCodeSection(): MemorySection | undefined {
    return this.next;
  }
  allocateDataSection(): MemorySection | undefined {
    return this.next;
  }
  finalize(): void {
    this.next = undefined;
  }
  release(_module: string, section?: MemorySection): void {
    this.returned.push(section);
  }
  destroy(): void {
    this.next = undefined;
  }
}

/** Views lie where their offset says; they mirror every address but those that are told. */
function bench(blind = new Map<number, string>()) {
  const arena = new ArrayBuffer(1 << 16);
  const probe: ViewProbe = {
    addressOf: (bytes) => 0x9000_0000 + bytes.byteOffset,
    mirrors: (_bytes, at) => blind.get(at),
  };
  const manager = new Scripted();
  const memory = new CheckedMemory(manager, probe);
  const section = (at: number, offset: number, size = 64): MemorySection => ({
    address: address(at),
    bytes: new Uint8Array(arena, offset, size),
  });
  const code = (next: MemorySection, at?: number): MemorySection | undefined => {
    manager.next = next;
    return memory.allocateCodeSection(64, 16, 1, '.text', 'm', at === undefined ? undefined : address(at));
  };
  return { manager, memory, section, code };
}

const refused = (reason: RegExp): unknown =>
  expect.objectContaining({
    code: 'MEMORY_MANAGER_INVALID',
    details: {
      manager: 'Scripted',
      module: 'm',
      section: '.text',
      reason: expect.stringMatching(reason) as unknown,
    },
  });

describe('a section that fits', () => {
  it('is passed on, filled with zeros, and its place may be handed out again once it is released', () => {
    const { manager, memory, section, code } = bench();
    const first = section(0x10000, 0);
    first.bytes.fill(7);
    expect(code(first)).toBe(first);
    expect(first.bytes.every((byte) => byte === 0)).toBe(true);
    expect(() => code(section(0x10000, 256))).toThrow(refused(/overlaps \.text of module m/));
    memory.release('m', first);
    expect(manager.returned).toEqual([first]);
    const again = section(0x10000, 0);
    expect(code(again)).toBe(again);
  });

  it('is released with its module', () => {
    const { memory, section, code } = bench();
    expect(code(section(0x10000, 0))).toBeDefined();
    expect(code(section(0x10040, 64))).toBeDefined();
    memory.release('m');
    expect(code(section(0x10000, 0, 128))).toBeDefined();
  });

  it('that is not there is no error', () => {
    const { memory } = bench();
    expect(memory.allocateDataSection(64, 16, 1, '.data', 'm', false)).toBeUndefined();
  });
});

describe('refused by name, and given back, is a section that', () => {
  const cases: [string, RegExp, (made: ReturnType<typeof bench>) => MemorySection | undefined][] = [
    ['is short', /has 63 bytes; 64 were asked for/, ({ section, code }) => code(section(0x10000, 0, 63))],
    ['is misaligned', /0x10008 is not aligned to 16/, ({ section, code }) => code(section(0x10008, 0))],
    ['has bytes within a word', /begin within a word/, ({ section, code }) => code(section(0x10000, 4))],
    [
      'lies elsewhere than asked',
      /at 0x10000, and was asked for at 0x20000/,
      ({ section, code }) => code(section(0x10000, 0), 0x20000),
    ],
    [
      'lies too far from the others',
      /2147483712 bytes apart/,
      ({ section, code }) => {
        code(section(0x10000, 0));
        return code(section(0x10000 + 2 ** 31, 64));
      },
    ],
  ];
  it.each(cases)('%s', (_, reason, provoke) => {
    const made = bench();
    expect(() => provoke(made)).toThrow(refused(reason));
    expect(made.manager.returned).toEqual([made.manager.next]);
    // Nothing of it is remembered.
    expect(made.code(made.section(0x10040, 512))).toBeDefined();
  });

  it('has bytes that are not what lies at its address', () => {
    const { manager, section, code } = bench(new Map([[0x10000, 'it is blind']]));
    expect(() => code(section(0x10000, 0))).toThrow(refused(/it is blind/));
    expect(manager.returned).toEqual([manager.next]);
  });
});

describe('refused by name, and not even given back, is a section that', () => {
  it.each([
    ['overlaps another one', 0x10030, 1024],
    ["is written where another one's bytes are", 0x20000, 32],
  ])('%s', (_, at, offset) => {
    const { manager, section, code } = bench();
    const first = section(0x10000, 0);
    code(first);
    first.bytes.fill(7);
    expect(() => code(section(at, offset))).toThrow(refused(/overlaps \.text of module m, which is in use/));
    expect(manager.returned).toEqual([]);
    expect(first.bytes.every((byte) => byte === 7)).toBe(true);
  });

  it.each([
    ['is null', null],
    ['has no address', { bytes: new Uint8Array(64) }],
    ['has no bytes', { address: 0x10000 }],
    ['has a buffer for bytes', { address: 0x10000, bytes: new ArrayBuffer(64) }],
    ['has a negative address', { address: -16, bytes: new Uint8Array(64) }],
  ])('%s', (_, made) => {
    const { manager, code } = bench();
    expect(() => code(made as MemorySection)).toThrow(refused(/no section/));
    expect(manager.returned).toEqual([]);
  });
});

describe('a manager is refused when it is given that', () => {
  const probe: ViewProbe = { addressOf: () => 0, mirrors: () => undefined };
  it.each<[string, object, string]>([
    ['lacks a method', { finalize: undefined }, 'it has no method finalize'],
    ['serves another code model', { codeModel: 'large' }, 'its codeModel is large; only small is served'],
    ['has no granularity', { granularity: 24 }, 'its granularity is 24; it must be a power of two'],
    ['does not tell whether it is patchable', { patchable: 1 }, 'it does not say whether it is patchable'],
  ])('%s', (_, change, reason) => {
    const manager = Object.assign(new Scripted(), change);
    expect(() => new CheckedMemory(manager, probe)).toThrow(
      expect.objectContaining({
        code: 'MEMORY_MANAGER_INVALID',
        details: { manager: 'Scripted', module: '', section: '', reason },
      }),
    );
  });

  it('was written for another version; the error names both', () => {
    const manager = Object.assign(new Scripted(), { apiVersion: 7 });
    expect(() => new CheckedMemory(manager, probe)).toThrow(
      expect.objectContaining({
        code: 'API_VERSION_MISMATCH',
        details: { interface: 'MemoryManager', found: '7', expected: 1 },
        message: expect.stringMatching(/version 7; this tierlink calls version 1/) as unknown,
      }),
    );
  });
});
