/** The initial bytes of an image's blocks, as the object has them. */
import { sectionWord, sectionWords } from '../elf/sections.js';
import { type BlockKind, blockKinds } from './blocks.js';
import { role, type SectionGraph } from './graph.js';
import type { Layout } from './layout.js';

/** Fills what lies between functions: executing it traps (int3). */
const codeFill = 0xcc;

/** Gaps between sections up to this size, in bytes, are copied with them and then filled. */
const longestGap = 64;

const nothing = new Uint8Array(0);

/** The roles whose bytes a block begins with. */
const roles: Readonly<Record<BlockKind, readonly [number, number]>> = {
  code: [role.code, role.cold],
  readonly: [role.readonly, role.threadImage],
  data: [role.data, role.data],
};

/**
 * Copies the sections to where they lie in their blocks.
 *
 * @param graph - The sections by role.
 * @param layout - Their places.
 * @returns Bytes of each block; those behind the last section that has bytes are left out.
 */
export function initialContent(graph: SectionGraph, layout: Layout): Record<BlockKind, Uint8Array> {
  const { initialisedData, sizes } = layout;
  const whole = new Uint8Array(sizes.code + sizes.readonly + initialisedData);
  const data = sizes.code + sizes.readonly;
  const content = {
    code: sizes.code === 0 ? nothing : whole.subarray(0, sizes.code).fill(codeFill),
    readonly: sizes.readonly === 0 ? nothing : whole.subarray(sizes.code, data),
    data: initialisedData === 0 ? nothing : whole.subarray(data),
  };
  for (const block of blockKinds) {
    if (content[block].length > 0) copySections(graph, layout, block, content[block]);
  }
  return content;
}

/** Copies the sections of a block; at once those that lie in the file as they lie in the block. */
function copySections(graph: SectionGraph, layout: Layout, block: BlockKind, content: Uint8Array): void {
  const { object, order, starts } = graph;
  const { first, words } = object.sections;
  const { offsets } = layout;
  const [firstRole, lastRole] = roles[block];
  const end = starts[lastRole + 1] ?? 0;
  const fill = block === 'code' ? codeFill : 0;
  /** The run of sections that is to be copied: its places in the file and in the block, and its bytes. */
  let from = 0;
  let to = 0;
  let size = 0;
  const gaps: number[] = [];
  for (let index = starts[firstRole] ?? 0; index <= end; index += 1) {
    const section = index === end ? 0 : (order[index] ?? 0);
    const header = first + section * sectionWords;
    const bytes = words[header + sectionWord.size] ?? 0;
    if (section !== 0 && bytes === 0) continue;
    const start = words[header + sectionWord.offset] ?? 0;
    const offset = offsets[section] ?? 0;
    const gap = start - from - size;
    if (section !== 0 && size > 0 && gap >= 0 && gap < longestGap && offset - to === start - from) {
      if (gap > 0) gaps.push(to + size, offset);
      size += gap + bytes;
      continue;
    }
    if (size > 0) content.set(object.reader.bytes.subarray(from, from + size), to);
    from = start;
    to = offset;
    size = bytes;
  }
  for (let index = 0; index < gaps.length; index += 2) content.fill(fill, gaps[index], gaps[index + 1]);
}
