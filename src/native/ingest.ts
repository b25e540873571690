/** Reads modules of IR with the addon. */
import { availableParallelism } from 'node:os';
import type { TierlinkError } from '../core/errors.js';
import type { IngestResult, ModuleSummary, NativeAddon, NativeFailure } from './contract.js';
import { ingestError } from './failures.js';

/** A module's bytes. */
export interface IrSource {
  readonly format: 'bitcode' | 'ir';
  readonly bytes: Uint8Array;
}

/** A module to be read. */
export interface IngestRequest {
  readonly source: IrSource;
  /** Its number: names of internal symbols contain it. */
  readonly id: number;
  /** Its name, for messages. */
  readonly name: string;
  /** True: bodies of functions need not be read and verified before they are compiled. */
  readonly lazy: boolean;
}

/** The parts that a module was split into, and what was found out about it. */
export interface IngestedModule {
  /** Canonical code of its functions. */
  readonly code: Uint8Array;
  /** Canonical bitcode of its variables, or null if it has none. */
  readonly data: Uint8Array | null;
  readonly summary: ModuleSummary;
}

/**
 * Reads modules.
 *
 * @param requests - The modules.
 * @returns What became of each, in order, up to the first that can't be read, and its error: BITCODE_INVALID, IR_INVALID,
 *   IR_UNVERIFIED, IR_UNSUPPORTED, TARGET_MISMATCH, LLVM_MISSING. Nothing is said of those behind it.
 */
export type Ingest = (requests: readonly IngestRequest[]) => readonly (IngestedModule | TierlinkError)[];

/**
 * Reads with LLVM, several modules at a time.
 *
 * @param addon - The loaded addon.
 * @param threads - So many at most.
 * @returns The reader.
 */
export function ingestWith(
  addon: Pick<NativeAddon, 'ingest'>,
  threads: number = Math.min(availableParallelism(), 256),
): Ingest {
  return (requests) => {
    const jobs = requests.map(({ source, id, name, lazy }) => ({ ...source, module: id, name, lazy }));
    return addon.ingest(jobs, threads).map((seen, index) => {
      if (isFailure(seen)) return ingestError(seen, requests[index]?.name ?? '');
      return { code: seen.code, data: seen.data, summary: JSON.parse(seen.summary) as ModuleSummary };
    });
  };
}

function isFailure(seen: IngestResult | NativeFailure): seen is NativeFailure {
  return 'kind' in seen;
}
