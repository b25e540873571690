/**
 * A module that was read, as the payload of an entry: two lengths (4 bytes each, little-endian; the second is 2^32 - 1
 * for a module without variables), bitcode of the code, bitcode of the variables, the summary as JSON.
 */
import type { ModuleSummary } from '../native/contract.js';
import type { IngestedModule } from '../native/ingest.js';

const lengthsBytes = 8;
const noData = 2 ** 32 - 1;

/** Fields of a summary that are lists. */
const lists = [
  'functions',
  'variables',
  'aliases',
  'ifuncs',
  'constructors',
  'destructors',
] as const satisfies readonly (keyof ModuleSummary)[];

/** Writes a module that was read. */
export function encodeModule({ code, data, summary }: IngestedModule): Uint8Array {
  const lengths = Buffer.alloc(lengthsBytes);
  lengths.writeUInt32LE(code.length, 0);
  lengths.writeUInt32LE(data?.length ?? noData, 4);
  return Buffer.concat([lengths, code, data ?? new Uint8Array(0), Buffer.from(JSON.stringify(summary))]);
}

/**
 * Reads it back.
 *
 * @param payload - Its bytes, not trusted to be well-formed.
 * @returns The module; undefined if the payload is none.
 */
export function decodeModule(payload: Uint8Array): IngestedModule | undefined {
  if (payload.length < lengthsBytes) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const codeEnd = lengthsBytes + view.getUint32(0, true);
  const dataBytes = view.getUint32(4, true);
  const dataEnd = codeEnd + (dataBytes === noData ? 0 : dataBytes);
  if (dataEnd > payload.length) return undefined;
  const summary = parse(payload.subarray(dataEnd));
  if (summary === undefined) return undefined;
  // Copies: bitcode is kept for as long as the module lives, and a view would keep the summary's text with it.
  return {
    code: new Uint8Array(payload.subarray(lengthsBytes, codeEnd)),
    data: dataBytes === noData ? null : new Uint8Array(payload.subarray(codeEnd, dataEnd)),
    summary,
  };
}

function parse(bytes: Uint8Array): ModuleSummary | undefined {
  let summary: unknown;
  try {
    summary = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch {
    return undefined;
  }
  return isSummary(summary) ? summary : undefined;
}

/** That its digest is right says that the same version of tierlink wrote it; so its shape is looked at, not each field. */
function isSummary(value: unknown): value is ModuleSummary {
  if (typeof value !== 'object' || value === null) return false;
  // Safe because every field is looked at before it is used as what it should be.
  const summary = value as Partial<Record<keyof ModuleSummary, unknown>>;
  return (
    lists.every((name) => Array.isArray(summary[name])) &&
    typeof summary.sourceFile === 'string' &&
    typeof summary.pinned === 'string' &&
    typeof summary.distances === 'boolean' &&
    typeof summary.unread === 'boolean'
  );
}
