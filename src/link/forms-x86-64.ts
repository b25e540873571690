/** Picks the fixup of a relocation: by its number, and by the instruction around it where that has several forms. */
import { fixup } from './fixup-codes-x86-64.js';
import { relocationTable } from './relocations-x86-64.js';

/** Stands in {@link plainFixup} for a relocation that is refused, or does not exist. */
export const noFixup = 255;

/** Fixup of each relocation number before its instruction is looked at; columns, for the scan's inner loop. */
export const plainFixup: Uint8Array = new Uint8Array(256).fill(noFixup);
/** Bytes of each relocation's field. */
export const fieldBytes: Uint8Array = new Uint8Array(256);
for (const { number, fixup: code, bytes } of relocationTable) {
  plainFixup[number] = code ?? noFixup;
  fieldBytes[number] = bytes;
}

/** GOTPCRELX, REX_GOTPCRELX and CODE_4_GOTPCRELX: their instruction may be relaxed. */
const firstRelaxable = 41;
const lastRelaxable = 43;

/** By relocation number: 1 when the instruction around the field may have several forms. */
export const severalForms: Uint8Array = new Uint8Array(256);
for (let type = 0; type < 256; type += 1) {
  const relaxable = type >= firstRelaxable && type <= lastRelaxable;
  if (relaxable || plainFixup[type] === fixup.pc32) severalForms[type] = 1;
}

/**
 * Looks at the instruction around a field and picks the fixup that can write all its forms.
 *
 * @param type - Number of the relocation.
 * @param plain - Its plain fixup.
 * @param addend - Its addend; only -4 (the field ends the instruction) has other forms.
 * @param bytes - The object's bytes.
 * @param start - Where the field's section starts in them.
 * @param at - Offset of the field in the section.
 * @returns The fixup code; the plain one when the instruction has only one form.
 */
export function fixupOf(
  type: number,
  plain: number,
  addend: number,
  bytes: Uint8Array,
  start: number,
  at: number,
): number {
  const relaxable = type >= firstRelaxable && type <= lastRelaxable;
  if ((!relaxable && plain !== fixup.pc32) || addend !== -4 || at < 3) return plain;
  const opcode = bytes[start + at - 2] ?? 0;
  const operand = bytes[start + at - 1] ?? 0;
  const ripRelative = (operand & 0xc7) === 0x05;
  if (!relaxable) {
    // Only with REX.W: a 32-bit lea of an address has no 64-bit cell to load from.
    const wide = ((bytes[start + at - 3] ?? 0) & 0xf8) === 0x48;
    return ripRelative && opcode === 0x8d && wide ? fixup.lea32 : plain;
  }
  if (ripRelative && opcode === 0x8b) return fixup.load32;
  if (opcode === 0xff && operand === 0x15) return fixup.call32;
  if (opcode === 0xff && operand === 0x25) return fixup.jump32;
  return plain;
}
