/** Pass 1: what each section of an object is for, and which sections are left out. */
import type { ElfObject } from '../elf/object.js';
import { sectionFlag, type SectionTable, sectionType, sectionWord, sectionWords } from '../elf/sections.js';

/**
 * What a section is for; those that lie in a block first, in the order in which they lie there. `frames`,
 * `constructors`, `destructors` and `threadImage` lie in the readonly block, `threadZero` (.tbss) only in each thread's
 * block, `zero` (.bss) behind the data.
 */
export const role = {
  code: 0,
  /** Code that is hardly ever executed: it comes behind the other, which so lies dense. */
  cold: 1,
  readonly: 2,
  frames: 3,
  constructors: 4,
  destructors: 5,
  threadImage: 6,
  data: 7,
  zero: 8,
  threadZero: 9,
  /** Not wanted at run time: debug information, notes, LLVM's own. */
  dropped: 10,
  /** Of a COMDAT group that another module's copy stands for. */
  discarded: 11,
} as const;

/** What the name of a section with the cold part of one function begins with; the function's name follows. */
export const coldPartPrefix = '.text.split.';

/** Number of the block (see `blockNumber`) that sections of a role lie in; 0 for none. */
export const blockOfRole: Uint8Array = Uint8Array.of(1, 1, 2, 2, 2, 2, 2, 3, 3, 0, 0, 0);

/** The sections of an object by role. */
export interface SectionGraph {
  readonly object: ElfObject;
  /** By section index: a value of {@link role}. */
  readonly roles: Uint8Array;
  /** Indices of all sections that are not left out, by role; of one role in file order. */
  readonly order: Int32Array;
  /** By role: where its sections start in `order`; those of the next role start where they end. */
  readonly starts: Int32Array;
  /** True when it has debug info that says which lines code comes from. */
  readonly hasLines: boolean;
}

/**
 * Classifies the sections of an object.
 *
 * @param object - The object.
 * @param keepGroup - Whether the COMDAT group of a signature is kept.
 * @param constantData - Whether writable sections hold constants only.
 * @returns The sections by role.
 * @throws TierlinkError OBJECT_UNSUPPORTED
 */
export function buildGraph(
  object: ElfObject,
  keepGroup: (signature: string) => boolean,
  constantData: boolean,
): SectionGraph {
  const { sections } = object;
  const { count, words } = sections;
  const leftOut = role.dropped;
  const roles = new Uint8Array(count).fill(leftOut);
  const starts = new Int32Array(leftOut + 1);
  const left = sectionFlag.alloc | sectionFlag.exclude;
  let hasLines = false;
  for (const group of object.groups) {
    if (!group.comdat || keepGroup(group.signature)) continue;
    for (const member of group.members) roles[member] = role.discarded;
  }
  for (let index = 1, at = sections.first + sectionWords; index < count; index += 1, at += sectionWords) {
    const flags = words[at + sectionWord.flags] ?? 0;
    if ((flags & left) !== sectionFlag.alloc || roles[index] === role.discarded) {
      hasLines ||= isLines(object, flags, words[at] ?? 0);
      continue;
    }
    let found = roleOf(object, index, flags, words[at + sectionWord.type] ?? 0, words[at] ?? 0);
    if (found === role.data && constantData) found = role.readonly;
    roles[index] = found;
    starts[found] = (starts[found] ?? 0) + 1;
  }
  starts[leftOut] = 0;
  for (let one = 1; one < starts.length; one += 1) starts[one] = (starts[one] ?? 0) + (starts[one - 1] ?? 0);
  const order = new Int32Array(starts[leftOut]);
  // From the last one back: so the ends of the roles turn into their starts.
  for (let index = count - 1; index > 0; index -= 1) {
    const found = roles[index] ?? leftOut;
    if (found >= leftOut) continue;
    const at = (starts[found] ?? 0) - 1;
    order[at] = index;
    starts[found] = at;
  }
  return { object, roles, order, starts, hasLines };
}

/** `.debug_line`: nearly all other sections that aren't loaded can be told from it by a letter. */
function isLines({ reader, sections }: ElfObject, flags: number, name: number): boolean {
  const start = sections.names + name;
  if (flags !== 0 || reader.bytes[start + debugLine.tell] !== debugLine.letter) return false;
  return debugLine.name.every((byte, index) => reader.bytes[start + index] === byte);
}

const debugLine = { name: [...Buffer.from('.debug_line\0')], tell: 7, letter: 0x6c };

function roleOf(object: ElfObject, index: number, flags: number, type: number, name: number): number {
  const { reader, sections } = object;
  // Nearly all names that matter can be told from others by the letter behind their dot.
  const letter = reader.bytes[sections.names + name + 1] ?? 0;
  if (type === sectionType.null || type === sectionType.note || type === sectionType.llvmAddrsig)
    return role.dropped;
  if (letter === letters.l && sections.name(index).startsWith('.llvm')) return role.dropped;
  const zero = type === sectionType.nobits;
  if ((flags & sectionFlag.tls) !== 0) return zero ? role.threadZero : role.threadImage;
  if ((flags & sectionFlag.exec) !== 0) {
    if ((flags & sectionFlag.write) !== 0) {
      throw reader.unsupported(`section ${sections.name(index)} is writable and executable`);
    }
    if (zero) throw reader.unsupported(`executable section ${sections.name(index)} has no bytes`);
    return isCold(object, name) ? role.cold : role.code;
  }
  if (zero) return role.zero;
  if (letter === letters.e && sections.name(index) === '.eh_frame') return role.frames;
  if (type === sectionType.initArray || type === sectionType.preinitArray) return role.constructors;
  if (type === sectionType.finiArray) return role.destructors;
  if (letter === letters.c && isNamed(sections, index, '.ctors')) return role.constructors;
  if (letter === letters.d && isNamed(sections, index, '.dtors')) return role.destructors;
  if ((flags & sectionFlag.write) === 0) return role.readonly;
  // Relocated once and then constant: no program stores there, so it may move with the code (I2 holds).
  return letter === letters.d && isNamed(sections, index, '.data.rel.ro') ? role.readonly : role.data;
}

/** Nearly all others can be told by the letter behind `.text.`, or by what stands there. */
function isCold({ reader, sections }: ElfObject, name: number): boolean {
  const start = sections.names + name;
  const letter = reader.bytes[start + coldTell];
  if (letter !== letters.s && letter !== letters.u) return false;
  return coldNames.some((stem) => stem.every((byte, index) => reader.bytes[start + index] === byte));
}

const coldTell = '.text.'.length;
const coldNames = [Buffer.from(coldPartPrefix), Buffer.from('.text.unlikely')];

const letters = { c: 0x63, d: 0x64, e: 0x65, l: 0x6c, s: 0x73, u: 0x75 } as const;

/**
 * Whether a section goes by a name, or by one that begins so.
 *
 * @param sections - All sections.
 * @param index - The section.
 * @param stem - The name, or its part up to a dot.
 * @returns True when it does.
 */
export function isNamed(sections: SectionTable, index: number, stem: string): boolean {
  const name = sections.name(index);
  return name === stem || name.startsWith(`${stem}.`);
}
