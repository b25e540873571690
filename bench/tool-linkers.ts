/** LLVM's linkers for JITs, as the tools of LLVM's own that run them and tell how long it took. */
import { execFileSync } from 'node:child_process';
import { libraryPath } from './toolchain.js';

/** Files to be linked with each other. */
export interface LinkInput {
  readonly paths: readonly string[];
  /** A function from which everything else is reached. */
  readonly start: string;
  /** Object with `int idle(void)`, which RuntimeDyld's tool runs when it has linked. */
  readonly idle: string;
}

/** One tool. */
export interface ToolLinker {
  readonly name: string;
  /** Microseconds of processor time for reading the files and linking them; the start of the process is not in it. */
  readonly link: (input: LinkInput) => number;
}

/** As both tools print it for all their timers together; they print it twice when they have linked nothing. */
const total = /Total Execution Time: ([\d.]+) seconds/;

/** RuntimeDyld's tool wants paths. */
const libraries = ['libc.so.6', 'libm.so.6'].map(libraryPath);

/** Both tools. */
export const toolLinkers: readonly ToolLinker[] = [
  {
    name: 'JITLink',
    link: (input) => timeOf('llvm-jitlink-22', [...jitlinkWords(input), '-show-times', ...input.paths]),
  },
  {
    name: 'RuntimeDyld',
    link: ({ paths, idle }) =>
      timeOf('llvm-rtdyld-22', [
        '-execute',
        '-entry=idle',
        ...libraries.map((path) => `-dylib=${path}`),
        '-show-times',
        ...paths,
        idle,
      ]),
  },
];

/**
 * Which files JITLink links: it takes only what is reached.
 *
 * @param input - The files.
 * @returns Paths of those that it links.
 */
export function linkedByJitlink(input: LinkInput): string[] {
  const output = run('llvm-jitlink-22', [...jitlinkWords(input), '-show-linked-files', ...input.paths]);
  return [...output.matchAll(/^Linking (.+)$/gm)].map(([, path = '']) => path);
}

/** Without threads: tierlink has none for this, either. */
function jitlinkWords({ start }: LinkInput): string[] {
  return ['-noexec', '-num-threads=0', `-entry=${start}`];
}

function timeOf(tool: string, words: readonly string[]): number {
  const found = total.exec(run(tool, words));
  if (found === null) throw new Error(`${tool} prints no times`);
  return Number(found[1]) * 1e6;
}

/** Both streams: the tools are not of one mind where their times go. */
function run(tool: string, words: readonly string[]): string {
  return execFileSync('/bin/sh', ['-c', 'exec "$@" 2>&1', 'sh', tool, ...words], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
}
