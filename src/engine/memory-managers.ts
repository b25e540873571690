/** Makes the shipped memory managers over the addon's mappings. */
import { TierlinkError } from '../core/errors.js';
import { address } from '../core/ids.js';
import { DualMappedMemory } from '../memory/dual-mapped.js';
import type { MemoryManager } from '../memory/memory-manager.js';
import { MprotectMemory } from '../memory/mprotect.js';
import type { RegionKind } from '../memory/block.js';
import type { MappedRegion, MappedRegions } from '../memory/regions.js';
import type { ViewProbe } from '../memory/checked.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import { loadAddon } from '../native/loader.js';
import { trapByte } from '../../stubs/encoder-x86-64.js';
import { whole } from './option-checks.js';

/** Address space in bytes for each kind of section; at most 1 GiB together. Memory is taken when it is used. */
export interface MemorySizes {
  /** @defaultValue 128 MiB */
  readonly codeBytes?: number;
  /** @defaultValue 128 MiB */
  readonly readonlyBytes?: number;
  /** @defaultValue 512 MiB */
  readonly dataBytes?: number;
}

const mebibyte = 2 ** 20;
const pageBytes = 4096;
/** Most for one region, and for all together. */
const largest = 2 ** 30;
/**
 * Bytes of a region that JS sees at first; twice as many each time that they don't suffice. V8 takes them for memory in
 * use, and above 64 MiB collects garbage at once.
 */
const firstView = 4 * mebibyte;

/**
 * Makes a manager that maps code and constants twice: the default. Calls can be patched in place.
 *
 * @param sizes - Address space for each kind of section.
 * @returns The manager, for one engine.
 * @throws TierlinkError OPTION_INVALID, MEMORY_EXHAUSTED, PLATFORM_UNSUPPORTED, ADDON_MISSING
 */
export function dualMappedMemory(sizes: MemorySizes = {}): MemoryManager {
  const { addon, memory } = create(sizes, 'dual');
  return new DualMappedMemory({
    regions: regionsOf(addon, memory),
    codeFill: trapByte,
    unmap: () => {
      addon.memoryDestroy(memory);
    },
  });
}

/**
 * Makes a manager that maps memory once and changes the permissions of whole pages: for machines that forbid a second
 * mapping (`memfd_create`). Linkage `direct` is refused with it.
 *
 * @param sizes - Address space for each kind of section; each section of code or constants takes whole pages.
 * @returns The manager, for one engine.
 * @throws TierlinkError OPTION_INVALID, MEMORY_EXHAUSTED, PLATFORM_UNSUPPORTED, ADDON_MISSING
 */
export function mprotectMemory(sizes: MemorySizes = {}): MemoryManager {
  const { addon, memory } = create(sizes, 'flipping');
  return new MprotectMemory({
    regions: regionsOf(addon, memory),
    pageBytes,
    protect: (region, start, bytes, access) => {
      addon.memoryProtect(memory, region, start, bytes, access);
    },
    discard: (region, start, bytes) => {
      addon.memoryDiscard(memory, region, start, bytes);
    },
    unmap: () => {
      addon.memoryDestroy(memory);
    },
  });
}

/**
 * Looks at views with the addon.
 *
 * @param addon - The addon.
 * @returns The probe.
 */
export function viewProbe(addon: NativeAddon): ViewProbe {
  return {
    addressOf: (bytes) => Number(addon.viewAddress(bytes)),
    mirrors: (bytes, at) => addon.viewMirrors(bytes, BigInt(at)) ?? undefined,
  };
}

function create(
  sizes: MemorySizes,
  mapping: 'dual' | 'flipping',
): { readonly addon: NativeAddon; readonly memory: Handle } {
  const code = whole('memory.codeBytes', sizes.codeBytes ?? 128 * mebibyte, 65_536, largest);
  const readonly = whole('memory.readonlyBytes', sizes.readonlyBytes ?? 128 * mebibyte, 65_536, largest);
  const data = whole('memory.dataBytes', sizes.dataBytes ?? 512 * mebibyte, 65_536, largest);
  const addon = loadAddon();
  try {
    return { addon, memory: addon.memoryCreate(code, readonly, data, mapping) };
  } catch (cause) {
    const needed = code + readonly + data;
    const details = { module: 'a new engine', region: 'code', needed, limit: largest };
    throw new TierlinkError('MEMORY_EXHAUSTED', details, { cause });
  }
}

function regionsOf(addon: NativeAddon, memory: Handle): MappedRegions {
  const regions = addon.memoryRegions(memory);
  const mapped = (kind: RegionKind): MappedRegion => {
    const { base, size } = regions[kind];
    let view = new Uint8Array(0);
    const upTo = (end: number): Uint8Array => {
      if (end > view.length) {
        const bytes = Math.max(firstView, 2 ** Math.ceil(Math.log2(end)));
        view = new Uint8Array(addon.memoryView(memory, kind, Math.min(bytes, size)));
      }
      return view;
    };
    return { address: address(Number(base)), size, upTo };
  };
  return { code: mapped('code'), readonly: mapped('readonly'), data: mapped('data') };
}
