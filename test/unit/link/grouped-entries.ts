/** Adds entries against references to preserved relocations, with the groups that they belong to. */
import type { PreservedBuilder } from '../../../src/link/preserved-builder.js';

/** Adds an entry against a reference. */
export type AddReference = (place: number, code: number, reference: number, addend: number) => void;

/** Makes the group of each fixup and reference once, when their first entry is added. */
export function groupedEntries(builder: PreservedBuilder): AddReference {
  const groups = new Map<string, number>();
  return (place, code, reference, addend) => {
    const key = `${String(code)} ${String(reference)}`;
    const group = groups.get(key) ?? builder.group(code, reference);
    groups.set(key, group);
    builder.addReference(place, code, group, addend);
  };
}
