/** A profile as a user holds it: taken from an engine or from a file, to be looked at, put together and saved. */
import { readFileSync, writeFileSync } from 'node:fs';
import { TierlinkError } from '../core/errors.js';
import type { NativeAddon } from '../native/contract.js';
import { profileError } from '../native/failures.js';
import { loadAddon } from '../native/loader.js';
import { decodeProfile, encodeProfile } from '../profile/encoding.js';
import { type FunctionProfile, merged, nameHash } from '../profile/record.js';

type ProfileAddon = Pick<NativeAddon, 'profileRead' | 'profileWrite'>;

/** What was counted of functions. Made by `Engine.profile` and {@link readProfile}; never changes. */
export class Profile {
  /** One for each function and content. */
  readonly functions: readonly FunctionProfile[];
  readonly #addon: ProfileAddon;

  /** @internal Use {@link readProfile}. */
  constructor(addon: ProfileAddon, functions: readonly FunctionProfile[]) {
    this.#addon = addon;
    this.functions = functions;
  }

  /**
   * Adds the counts of others.
   *
   * @param others - The others.
   * @returns A new profile.
   */
  merge(...others: readonly Profile[]): Profile {
    return new Profile(this.#addon, merged([this, ...others].map(({ functions }) => functions)));
  }

  /**
   * The functions that indirect calls led to.
   *
   * @returns Names of all functions of the profile, by what stands for them in {@link FunctionProfile.calls}.
   */
  targetNames(): ReadonlyMap<bigint, string> {
    return new Map(this.functions.map(({ name }) => [nameHash(name), name]));
  }

  /**
   * An indexed profile, which `llvm-profdata` and `clang -fprofile-use` read.
   *
   * @returns The bytes of the file.
   * @throws TierlinkError PROFILE_INVALID, LLVM_MISSING
   */
  write(): Uint8Array {
    const written = this.#addon.profileWrite(encodeProfile(this.functions));
    if ('kind' in written) throw profileError(written, 'what was counted');
    return written;
  }

  /**
   * Writes it to a file.
   *
   * @param path - The file.
   * @throws TierlinkError PROFILE_INVALID, LLVM_MISSING; and what Node throws for a file that can't be written
   */
  save(path: string): void {
    writeFileSync(path, this.write());
  }
}

/**
 * Reads a profile that `Profile.save`, or `llvm-profdata merge` made. Those of clang fit code that was compiled without
 * passes before counters were put in: `clang -O0 -fprofile-generate`.
 *
 * @param source - The bytes of an indexed profile of IR, or the path of a file.
 * @returns The profile.
 * @throws TierlinkError PROFILE_INVALID, LLVM_MISSING, PLATFORM_UNSUPPORTED, ADDON_MISSING
 *
 * @example
 * ```ts
 * const both = readProfile('monday.profdata').merge(readProfile('tuesday.profdata'));
 * const engine = createEngine({ profile: both.write() });
 * ```
 */
export function readProfile(source: string | Uint8Array): Profile {
  const addon = loadAddon();
  return new Profile(addon, readProfileWith(addon, source));
}

/**
 * The same, as records.
 *
 * @param addon - The loaded addon.
 * @param source - The bytes, or the path of a file.
 * @returns The records.
 * @throws TierlinkError PROFILE_INVALID, LLVM_MISSING
 */
export function readProfileWith(addon: ProfileAddon, source: string | Uint8Array): FunctionProfile[] {
  const name = typeof source === 'string' ? source : 'the profile given';
  const read = addon.profileRead(typeof source === 'string' ? contentOf(source) : source);
  if ('kind' in read) throw profileError(read, name);
  return decodeProfile(read);
}

function contentOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TierlinkError('PROFILE_INVALID', { profile: path, reason }, { cause });
  }
}
