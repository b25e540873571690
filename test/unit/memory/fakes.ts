/** Memory without a kernel: regions of ordinary buffers at addresses that nobody reads. */
import { address } from '../../../src/core/ids.js';
import { DualMappedMemory } from '../../../src/memory/dual-mapped.js';
import type { MemoryManager } from '../../../src/memory/memory-manager.js';
import type { MappedRegion, MappedRegions } from '../../../src/memory/regions.js';
import { SectionMemory } from '../../../src/memory/section-memory.js';

/** Three regions of so many bytes, 64 KiB apart. */
export function regions(bytes = 4096): MappedRegions {
  const region = (start: number): MappedRegion => {
    const view = new Uint8Array(bytes);
    return { address: address(start), size: bytes, upTo: () => view };
  };
  return { code: region(0x10000), readonly: region(0x20000), data: region(0x30000) };
}

/** A manager of these regions that fills released code with traps. */
export function dualMapped(
  of: MappedRegions = regions(),
  unmap: () => void = () => undefined,
): DualMappedMemory {
  return new DualMappedMemory({ regions: of, codeFill: 0xcc, unmap });
}

/** The engine's accounts over a manager. */
export function sectionMemory(
  manager: MemoryManager = dualMapped(),
  warn: (module: string, message: string) => void = () => undefined,
): SectionMemory {
  return new SectionMemory({
    manager,
    cover: ({ address: start, bytes }) => ({ start, end: start + bytes.length }),
    uncover: () => undefined,
    warn,
  });
}
