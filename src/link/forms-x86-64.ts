/** Picks the fixup of a relocation: by its number, and by the instruction around it where that has several forms. */
import { fixup } from './fixup-codes-x86-64.js';
import { relocationTable } from './relocations-x86-64.js';

/** Stands in {@link formOf} for the fixup of a relocation that is refused, or does not exist. */
export const noFixup = 255;

/** GOTPCRELX, REX_GOTPCRELX and CODE_4_GOTPCRELX: their instruction may be relaxed. */
const firstRelaxable = 41;
const lastRelaxable = 43;

/** Set in {@link formOf} when the instruction around the field may have several forms. */
export const severalForms = 0x1_0000;

/**
 * By relocation number, as one word for the scan's inner loop: the fixup before its instruction is looked at, in the
 * lowest byte; above it the bytes of the field, and {@link severalForms}.
 */
export const formOf: Int32Array = new Int32Array(256).fill(noFixup);
for (const { number, fixup: code, bytes } of relocationTable) {
  const relaxable = number >= firstRelaxable && number <= lastRelaxable;
  const several = relaxable || code === fixup.pc32 ? severalForms : 0;
  formOf[number] = (code ?? noFixup) | (bytes << 8) | several;
}

/**
 * Looks at the instruction around a field and picks the fixup that can write all its forms. Only fields that end their
 * instruction (addend -4) have several.
 *
 * @param type - Number of the relocation.
 * @param plain - Its plain fixup.
 * @param bytes - The object's bytes.
 * @param start - Where the field's section starts in them.
 * @param at - Offset of the field in the section.
 * @returns The fixup code; the plain one when the instruction has only one form.
 */
export function fixupOf(type: number, plain: number, bytes: Uint8Array, start: number, at: number): number {
  const relaxable = type >= firstRelaxable && type <= lastRelaxable;
  if ((!relaxable && plain !== fixup.pc32) || at < 3) return plain;
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
