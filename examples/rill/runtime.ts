/** The runtime, compiled from runtime.c to bitcode and kept until it changes; and strings between JS and the heap. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Engine, readMemory } from 'tierlink';

const root = dirname(createRequire(import.meta.url).resolve('tierlink/package.json'));
/** Not optimised yet, but open to it, so that every tier may do what it does with the program. */
const flags = ['-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', '-fexceptions', '-emit-llvm', '-c'];

/** Path of the runtime's bitcode. */
export function runtimeBitcode(): string {
  const source = join(root, 'examples', 'rill', 'runtime.c');
  const hash = createHash('sha256').update(flags.join(' ')).update(readFileSync(source)).digest('hex');
  const folder = join(root, 'build', 'rill');
  const path = join(folder, `runtime-${hash.slice(0, 16)}.bc`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const part = `${path}.${String(process.pid)}`;
  execFileSync('clang-22', [...flags, source, '-o', part], { stdio: 'inherit' });
  renameSync(part, path);
  return path;
}

/** What JS needs of the runtime. */
export class Runtime {
  /** Runs a function's entry; true if that ended with an error. */
  readonly call: ReturnType<Engine['fn']>;
  readonly #text: ReturnType<Engine['fn']>;
  readonly #failure: ReturnType<Engine['fn']>;

  /** @throws Error if there is no address space for the heap */
  constructor(engine: Engine) {
    if (engine.fn('rill_begin')() !== true) throw new Error('there is no address space for the heap');
    this.call = engine.fn('rill_call');
    this.#text = engine.fn('rill_text');
    this.#failure = engine.fn('rill_failure');
  }

  /** A string of the program, copied: its length comes first, then its bytes. */
  read(address: bigint): string {
    const length = Buffer.from(readMemory(address, 8)).readBigInt64LE();
    return Buffer.from(readMemory(address + 8n, Number(length))).toString();
  }

  /** A string on the program's heap. It has to be passed on before the program goes on. */
  write(text: string): bigint {
    return this.#text(text, Buffer.byteLength(text)) as bigint;
  }

  /** What the last error says. */
  failure(): string {
    const bytes = Buffer.from(readMemory(this.#failure() as bigint, 4096));
    return bytes.toString('utf8', 0, bytes.indexOf(0));
  }
}
