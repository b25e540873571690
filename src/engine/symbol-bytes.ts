/**
 * Estimates how much JS memory symbols take. V8 does not tell, so it is added up from how V8 lays out strings, objects
 * and maps with 8-byte pointers; a test holds it against the growth of the heap.
 */
import type { ImagePlan } from '../link/image.js';
import type { ModuleRecord } from '../registry/records.js';

const wordBytes = 8;
/** An object's or string's own words: map, properties, elements; map, hash and length. */
const objectHeader = 3 * wordBytes;
const stringHeader = 2 * wordBytes;
/** A `Map` holds key, value and chain for each entry, in a table that is three quarters full on average, and buckets. */
const mapEntry = Math.ceil((3 * wordBytes) / 0.75) + wordBytes;

/** A definition, the list of definitions of its name, its place in the symbol table. */
const definitionBytes = objectHeader + 13 * wordBytes + 5 * wordBytes + 3 * wordBytes + mapEntry;
/** A function's slot: in its unit and in the registry. */
const slotBytes = 2 * mapEntry;
/** A use. */
const useBytes = objectHeader + 5 * wordBytes + wordBytes;
/** A symbol of an image, and its entry in the version with the number there. */
const imageSymbolBytes = 3 * wordBytes + mapEntry + 2 * wordBytes;

/**
 * Symbols that a module has once.
 *
 * @param module - The module.
 * @returns Bytes of definitions and uses with their names.
 */
export function symbolBytesOfModule({ definitions, uses }: ModuleRecord): number {
  let bytes = 0;
  for (const { name, type, slot } of definitions) {
    bytes += definitionBytes + stringBytes(name) + stringBytes(type) + (slot === undefined ? 0 : slotBytes);
  }
  for (const { name, type } of uses) bytes += useBytes + stringBytes(name) + stringBytes(type);
  return bytes;
}

/**
 * Symbols that an image has for itself.
 *
 * @param plan - The image's plan.
 * @returns Bytes of what it defines; names are kept once for all, and what it refers to counts as preserved relocations.
 */
export function symbolBytesOfImage({ symbols }: ImagePlan): number {
  return symbols.size * imageSymbolBytes;
}

/** Names are ASCII, one byte a letter. */
function stringBytes(text: string): number {
  return stringHeader + Math.ceil(text.length / wordBytes) * wordBytes;
}
