/** Reads modules of IR with the addon. */
import type { IngestResult, ModuleSummary, NativeAddon, NativeFailure } from './contract.js';
import { ingestError } from './failures.js';

/** A module's bytes. */
export interface IrSource {
  readonly format: 'bitcode' | 'ir';
  readonly bytes: Uint8Array;
}

/** The parts that a module was split into, and what was found out about it. */
export interface IngestedModule {
  /** Canonical bitcode of its functions. */
  readonly code: Uint8Array;
  /** Canonical bitcode of its variables, or null if it has none. */
  readonly data: Uint8Array | null;
  readonly summary: ModuleSummary;
}

/**
 * Reads a module.
 *
 * @param source - Its bytes.
 * @param id - Its number: names of internal symbols contain it.
 * @param name - Its name, for messages.
 * @returns Its parts.
 * @throws TierlinkError BITCODE_INVALID, IR_INVALID, IR_UNVERIFIED, IR_UNSUPPORTED, TARGET_MISMATCH
 */
export type Ingest = (source: IrSource, id: number, name: string) => IngestedModule;

/**
 * Reads with LLVM.
 *
 * @param addon - The loaded addon.
 * @returns The reader.
 */
export function ingestWith(addon: NativeAddon): Ingest {
  return ({ format, bytes }, id, name) => {
    const seen = addon.ingest(bytes, format, id, name);
    if (isFailure(seen)) throw ingestError(seen, name);
    return { code: seen.code, data: seen.data, summary: JSON.parse(seen.summary) as ModuleSummary };
  };
}

function isFailure(seen: IngestResult | NativeFailure): seen is NativeFailure {
  return 'kind' in seen;
}
