/** What a module is made from, and how its bytes are recognised. */
import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TierlinkError } from '../core/errors.js';

/** A module of the `llvm-bindings` package, recognised by shape since the package is an optional peer. */
export interface BindingsModule {
  /** Its identifier. */
  getModuleIdentifier(): string;
  /** Its target triple, '' if it has none. */
  getTargetTriple(): string;
  /** Its IR as text. */
  print(): string;
}

/**
 * What a module can be made from: `string` is IR text if it has a line break, otherwise a path; bytes are
 * bitcode, IR text, an ELF object or an archive by their first bytes.
 */
export type ModuleSource =
  | string
  | Uint8Array
  | ArrayBuffer
  | { readonly path: string }
  | { readonly ir: string }
  | BindingsModule;

/** What the bytes are. */
export type SourceFormat = 'bitcode' | 'ir' | 'object' | 'archive';

/** Bytes and what they are. */
export interface SourceBytes {
  readonly format: SourceFormat;
  readonly bytes: Uint8Array;
}

/**
 * Reads a source.
 *
 * @param module - Name of the module, for messages.
 * @param source - Where it comes from.
 * @returns Its bytes and format.
 * @throws TierlinkError INPUT_UNREADABLE, FORMAT_UNKNOWN
 */
export function readSource(module: string, source: ModuleSource): SourceBytes {
  if (typeof source === 'string') {
    return source.includes('\n') ? text(source) : recognise(module, readFile(module, source));
  }
  if (source instanceof Uint8Array) return recognise(module, source);
  if (source instanceof ArrayBuffer) return recognise(module, new Uint8Array(source));
  if ('path' in source) return recognise(module, readFile(module, source.path));
  if ('ir' in source) return text(source.ir);
  return { format: 'bitcode', bytes: bitcodeOf(module, source) };
}

/**
 * A source as plain data, for another thread.
 *
 * @param module - Name of the module, for messages.
 * @param source - Where it comes from.
 * @returns The same: bytes are copied without what lies around them, an llvm-bindings module is written as bitcode.
 * @throws TierlinkError INPUT_UNREADABLE
 */
export function plainSource(module: string, source: ModuleSource): ModuleSource {
  if (typeof source === 'string' || source instanceof ArrayBuffer) return source;
  if (source instanceof Uint8Array) return Uint8Array.from(source);
  if ('path' in source) return { path: source.path };
  if ('ir' in source) return { ir: source.ir };
  return bitcodeOf(module, source);
}

function text(ir: string): SourceBytes {
  return { format: 'ir', bytes: new TextEncoder().encode(ir) };
}

function readFile(module: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new TierlinkError('INPUT_UNREADABLE', { module, path, reason }, { cause });
  }
}

function recognise(module: string, bytes: Uint8Array): SourceBytes {
  const starts = (...magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);
  if (starts(0x42, 0x43, 0xc0, 0xde) || starts(0xde, 0xc0, 0x17, 0x0b)) return { format: 'bitcode', bytes };
  if (starts(0x7f, 0x45, 0x4c, 0x46)) return { format: 'object', bytes };
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 4096));
  if (head.startsWith('!<arch>\n') || head.startsWith('!<thin>\n')) return { format: 'archive', bytes };
  // IR text has no magic: a file of printable characters is left to LLVM's parser, which says what is wrong.
  const printable = /^[\t\n\r\x20-\x7e\x80-\xff]+$/.test(head);
  if (printable && /[;@%!"=]|define|declare|target|source_filename/.test(head))
    return { format: 'ir', bytes };
  const found =
    bytes.length === 0
      ? 'it is empty'
      : `it begins with ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
  throw new TierlinkError('FORMAT_UNKNOWN', { module, found });
}

/** Only bitcode crosses from LLVM 14 to 22 (typed pointers in text do not), and llvm-bindings writes files only. */
function bitcodeOf(module: string, source: BindingsModule): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'tierlink-'));
  const path = join(folder, 'module.bc');
  try {
    const bindings = createRequire(import.meta.url)('llvm-bindings') as {
      WriteBitcodeToFile(module: BindingsModule, path: string): void;
    };
    bindings.WriteBitcodeToFile(source, path);
    return readFile(module, path);
  } catch (cause) {
    if (cause instanceof TierlinkError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TierlinkError(
      'INPUT_UNREADABLE',
      { module, path: 'its llvm-bindings module', reason },
      { cause },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
