/** The memory map of this process, as the kernel tells it. */
import { readFileSync } from 'node:fs';
import { TierlinkError } from '../core/errors.js';

/** One mapping of the process. */
export interface Mapping {
  /** Its first address. */
  readonly start: number;
  /** The address behind its last byte. */
  readonly end: number;
  /** Four letters: `r`, `w`, `x` or `-` for each, then `p` (private) or `s` (shared). */
  readonly permissions: string;
  /** Device and inode of the mapped file; '' for anonymous memory. */
  readonly file: string;
  /** Path of the mapped file, or what the kernel calls it, such as `[stack]`; '' for anonymous memory. */
  readonly path: string;
  /** Bytes of it that are in memory now (Rss); 0 when the text does not tell. */
  readonly residentBytes: number;
}

/** Text of `/proc/self/maps`, or of `/proc/self/smaps`, which also tells what is resident. */
export type ReadProcessMap = (file: 'maps' | 'smaps') => string;

/**
 * Reads from the kernel. It hands the map out in pieces: a mapping that is there all the time is in it, one that comes
 * or goes meanwhile may be.
 *
 * @param folder - Where the kernel tells of this process.
 * @returns The reader. It throws TierlinkError PLATFORM_UNSUPPORTED where the kernel tells nothing.
 */
export function processMapIn(folder: string): ReadProcessMap {
  return (file) => {
    try {
      return readFileSync(`${folder}/${file}`, 'latin1');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TierlinkError(
        'PLATFORM_UNSUPPORTED',
        { platform: `Linux without /proc: ${reason}` },
        { cause },
      );
    }
  };
}

/** Reads the map of this process. */
export const readProcessMap: ReadProcessMap = processMapIn('/proc/self');

const header = /^([0-9a-f]+)-([0-9a-f]+) ([-rwxps]{4}) [0-9a-f]+ (\S+) (\d+) *(.*)$/;
const resident = /^Rss: +(\d+) kB$/;

/**
 * Reads a map.
 *
 * @param text - Text of `maps` or `smaps`.
 * @returns Its mappings, in the order of their addresses.
 */
export function parseProcessMap(text: string): Mapping[] {
  const mappings: { -readonly [Key in keyof Mapping]: Mapping[Key] }[] = [];
  for (const line of text.split('\n')) {
    const [, kilobytes] = resident.exec(line) ?? [];
    const last = mappings.at(-1);
    if (kilobytes !== undefined && last !== undefined) {
      last.residentBytes = Number(kilobytes) * 1024;
      continue;
    }
    const [whole, start = '', end = '', permissions = '', device = '', inode = '', path = ''] =
      header.exec(line) ?? [];
    if (whole === undefined) continue;
    mappings.push({
      start: Number.parseInt(start, 16),
      end: Number.parseInt(end, 16),
      permissions,
      file: inode === '0' ? '' : `${device} ${inode}`,
      path,
      residentBytes: 0,
    });
  }
  return mappings;
}

/** True if a thread can write to it and run it. */
export function isWritableAndExecutable({ permissions }: Pick<Mapping, 'permissions'>): boolean {
  return permissions.startsWith('w', 1) && permissions.startsWith('x', 2);
}
