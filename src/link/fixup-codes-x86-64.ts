/** The fixups of x86-64 by code: what each computes, how it is stored, and which addend it mostly has. */

/**
 * What a fixup computes. S: address of the symbol; E: where calls to it go; L: cell that holds its code address;
 * G: cell of the image that holds S; A: addend; P: place; GOT: the image's cells.
 */
export const fixup = {
  none: 0,
  /** S + A - P in 4 bytes. */
  pc32: 1,
  /** E + A - P: a call or jump. */
  branch32: 2,
  /** S + A in 8 bytes. */
  abs64: 3,
  /** `mov G(%rip)` (8b), relaxed to `lea S(%rip)` (8d) when S is near. */
  load32: 4,
  /** `call *L(%rip)` (ff 15), relaxed to `addr32 call` (67 e8) when the code is known and near. */
  call32: 5,
  /** `jmp *L(%rip)` (ff 25), relaxed to `jmp; nop` (e9 .. 90) when the code is known and near. */
  jump32: 6,
  /** `lea S(%rip)` (8d), turned into `mov G(%rip)` (8b) when S is far. */
  lea32: 7,
  /** G + A - P. */
  cell32: 8,
  pc8: 9,
  pc16: 10,
  pc64: 11,
  abs8: 12,
  abs16: 13,
  /** S + A, unsigned. */
  abs32: 14,
  /** S + A, signed. */
  abs32s: 15,
  cell64: 16,
  /** G + A - GOT. */
  got32: 17,
  got64: 18,
  /** S + A - GOT. */
  gotOffset64: 19,
  /** E + A - GOT. */
  pltOffset64: 20,
  /** GOT + A - P. */
  gotPc32: 21,
  gotPc64: 22,
  /** Address of the symbol's two `tls_index` words + A - P. */
  tlsPair32: 23,
  /** The same for the pair {module, 0}. */
  tlsBase32: 24,
  /** Offset in the thread-local block + A. */
  tlsOffset32: 25,
  tlsOffset64: 26,
  /** Cell that holds the offset from the thread pointer + A - P. */
  tlsCell32: 27,
  /** Offset from the thread pointer + A. */
  threadOffset32: 28,
  threadOffset64: 29,
  /** First `tls_index` word. */
  tlsModule64: 30,
  /** Size of the symbol + A. */
  size32: 31,
  size64: 32,
} as const;

/** Number of fixup codes. */
const codes = 33;

/** How a value is stored, and so what range it has. */
export const store = {
  none: 0,
  signed32: 1,
  unsigned32: 2,
  whole64: 3,
  either16: 4,
  either8: 5,
  signed16: 6,
  signed8: 7,
} as const;

/** How each fixup is stored, by its code. */
export const storeOf: Uint8Array = new Uint8Array(codes).fill(store.signed32);
storeOf[fixup.none] = store.none;
storeOf[fixup.pc8] = store.signed8;
storeOf[fixup.pc16] = store.signed16;
storeOf[fixup.abs8] = store.either8;
storeOf[fixup.abs16] = store.either16;
storeOf[fixup.abs32] = store.unsigned32;
storeOf[fixup.size32] = store.unsigned32;
for (const code of [
  fixup.abs64,
  fixup.pc64,
  fixup.cell64,
  fixup.got64,
  fixup.gotOffset64,
  fixup.pltOffset64,
  fixup.gotPc64,
  fixup.tlsOffset64,
  fixup.threadOffset64,
  fixup.tlsModule64,
  fixup.size64,
]) {
  storeOf[code] = store.whole64;
}

/**
 * Addend that a fixup nearly always has: -4 where the field ends its instruction and the CPU counts from
 * there, else 0. Only other ones take room when relocations are preserved.
 */
export const usualAddend: Int8Array = new Int8Array(codes);
for (const code of [
  fixup.pc32,
  fixup.branch32,
  fixup.load32,
  fixup.call32,
  fixup.jump32,
  fixup.lea32,
  fixup.cell32,
  fixup.gotPc32,
  fixup.tlsPair32,
  fixup.tlsBase32,
  fixup.tlsCell32,
]) {
  usualAddend[code] = -4;
}
