/** Pass 1: what each section of an object is for, and which sections are left out. */
import type { ElfObject } from '../elf/object.js';
import { type ElfSection, sectionFlag, sectionType } from '../elf/sections.js';

/**
 * What a section is for. `frames`, `constructors`, `destructors` and `threadImage` lie in the readonly block,
 * `threadZero` (.tbss) only in each thread's block, `zero` (.bss) behind the data.
 */
export type SectionRole =
  | 'code'
  | 'readonly'
  | 'frames'
  | 'constructors'
  | 'destructors'
  | 'threadImage'
  | 'threadZero'
  | 'data'
  | 'zero'
  /** Not wanted at run time: debug information, notes, LLVM's own. */
  | 'dropped'
  /** Of a COMDAT group that another module's copy stands for. */
  | 'discarded';

/** The sections of an object by role, in file order. */
export interface SectionGraph {
  readonly object: ElfObject;
  /** By section index. */
  readonly roles: readonly SectionRole[];
  /** Sections of a role. */
  readonly byRole: Readonly<Record<SectionRole, readonly ElfSection[]>>;
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
  const discarded = new Set<number>();
  for (const group of object.groups) {
    if (!group.comdat || keepGroup(group.signature)) continue;
    for (const member of group.members) discarded.add(member);
  }
  const byRole: Record<SectionRole, ElfSection[]> = {
    code: [],
    readonly: [],
    frames: [],
    constructors: [],
    destructors: [],
    threadImage: [],
    threadZero: [],
    data: [],
    zero: [],
    dropped: [],
    discarded: [],
  };
  const roles = object.sections.map((section) => {
    const own = discarded.has(section.index) ? 'discarded' : roleOf(object, section);
    const role = own === 'data' && constantData ? 'readonly' : own;
    byRole[role].push(section);
    return role;
  });
  return { object, roles, byRole };
}

function roleOf(object: ElfObject, section: ElfSection): SectionRole {
  const { flags, name, type } = section;
  if ((flags & sectionFlag.alloc) === 0 || (flags & sectionFlag.exclude) !== 0) return 'dropped';
  if (
    type === sectionType.null ||
    type === sectionType.note ||
    type === sectionType.llvmAddrsig ||
    name.startsWith('.llvm')
  ) {
    return 'dropped';
  }
  const zero = type === sectionType.nobits;
  if ((flags & sectionFlag.tls) !== 0) return zero ? 'threadZero' : 'threadImage';
  if ((flags & sectionFlag.exec) !== 0) {
    if ((flags & sectionFlag.write) !== 0) {
      throw object.reader.unsupported(`section ${name} is writable and executable`);
    }
    if (zero) throw object.reader.unsupported(`executable section ${name} has no bytes`);
    return 'code';
  }
  if (zero) return 'zero';
  if (name === '.eh_frame') return 'frames';
  if (type === sectionType.initArray || type === sectionType.preinitArray || named(name, '.ctors')) {
    return 'constructors';
  }
  if (type === sectionType.finiArray || named(name, '.dtors')) return 'destructors';
  // Relocated once and then constant: no program stores there, so it may move with the code (I2 holds).
  if ((flags & sectionFlag.write) === 0 || named(name, '.data.rel.ro')) return 'readonly';
  return 'data';
}

function named(name: string, stem: string): boolean {
  return name === stem || name.startsWith(`${stem}.`);
}
