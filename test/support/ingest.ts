/** Ingest of one module with the addon itself. */
import { present } from '../../src/core/assert.js';
import type { IngestJob, IngestResult, NativeAddon, NativeFailure } from '../../src/native/contract.js';

/** What becomes of a module. */
export function ingestOne(
  addon: NativeAddon,
  bytes: Uint8Array,
  format: IngestJob['format'],
  module: number,
  name: string,
  lazy = false,
): IngestResult | NativeFailure {
  return present(addon.ingest([{ bytes, format, module, name, lazy }], 1)[0], 'there is an outcome');
}
