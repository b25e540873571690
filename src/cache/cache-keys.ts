/** Keys of entries: hashes of all that decides what is in them. */
import type { CompileRequest } from '../core/compiler.js';
import type { IngestRequest } from '../native/ingest.js';
import { canonical } from './canonical.js';
import { entryFormat } from './entry.js';
import { sha256Hex } from '../core/hashes.js';

/** What decides objects beside the request. */
export interface CacheEnvironment {
  /** Version of tierlink. */
  readonly tierlink: string;
  /** Version of the addon's contract. */
  readonly contract: number;
  /** Full version of LLVM. */
  readonly llvm: string;
  /** The addon's build. */
  readonly build: string;
  /** The processor's model and features. */
  readonly hostCpu: string;
}

/** Makes the keys of one engine. */
export class CacheKeys {
  readonly #hostCpu: string;
  readonly #common: string;
  /** The same bitcode is compiled at several tiers. Safe because nobody writes to canonical bitcode. */
  readonly #digests = new WeakMap<Uint8Array, string>();
  /** Most requests of a module come with the same array. */
  readonly #nameDigests = new WeakMap<readonly string[], string>();

  /** @param environment - What decides objects beside the request. */
  constructor({ hostCpu, ...common }: CacheEnvironment) {
    this.#hostCpu = hostCpu;
    this.#common = canonical({ ...common, format: entryFormat });
  }

  /**
   * The key of a compiled object: of the whole request but what decides nothing of it. So a field that a request gets
   * later is part of the key.
   *
   * @param request - The request.
   * @param compiler - The compiler's identity.
   * @returns 64 hexadecimal digits.
   */
  ofObject(request: CompileRequest, compiler: string): string {
    const decisive = {
      ...request,
      module: undefined,
      // How soon it is compiled, and who is told, decides nothing of it.
      priority: undefined,
      ticket: undefined,
      chosen: undefined,
      bitcode: this.#digestOf(request.bitcode),
      near: this.#digestOfNames(request.near),
      sources: request.sources?.map(({ bitcode, names }) => [
        this.#digestOf(bitcode),
        this.#digestOfNames(names),
      ]),
      // An object that brings other functions along than now would be added serves as well.
      functions: request.functions?.wanted,
      profile: request.profile && {
        records: this.#digestOf(request.profile.records),
        prior: request.profile.prior,
      },
      compiler,
      hostCpu: request.tier.hostCpu ? this.#hostCpu : undefined,
    };
    return sha256Hex(`object ${this.#common} ${canonical(decisive)}`);
  }

  /**
   * The key of a module that was read.
   *
   * @param request - What it is read from, and how. Names of its internal symbols contain its number.
   * @returns 64 hexadecimal digits.
   */
  ofModule({ source: { format, bytes }, id, lazy }: Omit<IngestRequest, 'name'>): string {
    return sha256Hex(`module ${this.#common} ${canonical({ format, bytes, module: id, lazy })}`);
  }

  /**
   * The key of what is remembered about the calls of modules that are linked together.
   *
   * @param modules - Canonical bitcode of each.
   * @returns 64 hexadecimal digits.
   */
  ofCalls(modules: readonly Uint8Array[]): string {
    const digests = modules.map((bitcode) => this.#digestOf(bitcode));
    return sha256Hex(`calls ${this.#common} ${canonical(digests)}`);
  }

  /** Of a set: its order decides nothing. */
  #digestOfNames(names: readonly string[]): string {
    const known = this.#nameDigests.get(names);
    if (known !== undefined) return known;
    const digest = sha256Hex(canonical([...names].sort()));
    this.#nameDigests.set(names, digest);
    return digest;
  }

  #digestOf(bitcode: Uint8Array): string {
    const known = this.#digests.get(bitcode);
    if (known !== undefined) return known;
    const digest = sha256Hex(bitcode);
    this.#digests.set(bitcode, digest);
    return digest;
  }
}
