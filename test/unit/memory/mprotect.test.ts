import { describe, expect, it } from 'vitest';
import { address } from '../../../src/core/ids.js';
import { MprotectMemory } from '../../../src/memory/mprotect.js';
import { regions } from './fakes.js';

/** A manager of four pages a region, and what it asked the kernel for. */
function bench(refuse: (words: string) => boolean = () => false) {
  const asked: string[] = [];
  const ask = (words: string): void => {
    if (refuse(words)) throw new Error('Cannot allocate memory');
    asked.push(words);
  };
  const memory = new MprotectMemory({
    regions: regions(0x4000),
    pageBytes: 4096,
    protect: (region, start, bytes, access) => {
      ask(`${region} ${String(start / 4096)}+${String(bytes / 4096)} ${access}`);
    },
    discard: (region, start, bytes) => {
      ask(`${region} ${String(start / 4096)}+${String(bytes / 4096)} discarded`);
    },
    unmap: () => {
      ask('unmapped');
    },
  });
  return { memory, asked };
}

describe('mprotected memory', () => {
  it('gives each section pages of its own, writable until its module is finalized and never again', () => {
    const { memory, asked } = bench();
    const one = memory.allocateCodeSection(10, 16, 1, '.text', 'one');
    const constants = memory.allocateDataSection(5000, 16, 2, '.rodata', 'one', true);
    const other = memory.allocateCodeSection(10, 16, 3, '.text', 'other');
    expect([one?.address, constants?.address, other?.address]).toEqual([0x10000, 0x20000, 0x11000]);
    expect(asked.splice(0)).toEqual(['code 0+1 write', 'readonly 0+2 write', 'code 1+1 write']);
    memory.finalize('one');
    expect(asked.splice(0)).toEqual(['code 0+1 execute', 'readonly 0+2 read']);
    memory.finalize('one');
    memory.allocateCodeSection(10, 16, 4, '.text', 'one');
    memory.finalize('one');
    expect(asked.splice(0)).toEqual(['code 2+1 write', 'code 2+1 execute']);
    memory.release('one', one);
    expect(asked.splice(0)).toEqual(['code 0+1 none', 'code 0+1 discarded']);
    expect(memory.findCode(4096, 16)).toBe(0x10000);
    memory.release('one');
    memory.release('other');
    expect(memory.findCode(0x4000, 16)).toBe(0x10000);
    memory.destroy();
    expect(asked.at(-1)).toBe('unmapped');
  });

  it('puts variables side by side, always writable, and zero again when they are released', () => {
    const { memory, asked } = bench();
    const one = memory.allocateDataSection(10, 8, 1, '.data', 'm', false);
    const other = memory.allocateDataSection(10, 8, 2, '.data', 'm', false);
    expect([one?.address, other?.address]).toEqual([0x30000, 0x30010]);
    one?.bytes.fill(1);
    memory.release('m', one);
    expect(one?.bytes.every((byte) => byte === 0)).toBe(true);
    expect(asked).toEqual([]);
  });

  it('has no room where no page is free, or not there, or the kernel has no more mappings', () => {
    const { memory } = bench((words) => words === 'code 3+1 write');
    expect(memory.allocateCodeSection(10, 16, 1, '.text', 'm', address(0x10010))).toBeUndefined();
    expect(memory.allocateCodeSection(10, 16, 1, '.text', 'm', address(0x11000))?.address).toBe(0x11000);
    expect(memory.allocateCodeSection(10, 16, 1, '.text', 'm', address(0x11000))).toBeUndefined();
    expect(memory.allocateCodeSection(0x4001, 16, 1, '.text', 'm')).toBeUndefined();
    expect(memory.allocateCodeSection(10, 16, 1, '.text', 'm', address(0x13000))).toBeUndefined();
    expect(memory.findCode(8192, 16)).toBe(0x12000);
  });

  it('loses the pages that the kernel does not take back, and hands them out no more', () => {
    const { memory } = bench((words) => words === 'code 0+1 none');
    const section = memory.allocateCodeSection(10, 16, 1, '.text', 'm');
    memory.finalize('m');
    expect(() => {
      memory.release('m', section);
    }).toThrow('Cannot allocate memory');
    expect(memory.findCode(10, 16)).toBe(0x11000);
  });
});
