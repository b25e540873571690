/** Makes inputs for tests: C text to bitcode, objects and programs, with clang 22. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The checkout's root, with a slash at its end. */
export const root: string = new URL('../../', import.meta.url).pathname;
/** LLVM's programs. */
export const llvmBin = '/usr/lib/llvm-22/bin';
/** Unoptimised but not marked optnone. */
const bitcodeFlags: readonly string[] = ['-O2', '-Xclang', '-disable-llvm-passes', '-fPIC'];

/** A folder that the operating system clears away. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'tierlink-test-'));
}

/** Runs clang over C text and returns what it wrote. */
function compileC(text: string, flags: readonly string[]): Uint8Array {
  const folder = scratch();
  const input = join(folder, 'input.c');
  const output = join(folder, 'output');
  writeFileSync(input, text);
  execFileSync(join(llvmBin, 'clang'), [...flags, '-c', input, '-o', output], { stdio: 'pipe' });
  return readFileSync(output);
}

/** C text as bitcode, as tierlink likes it. */
export function bitcode(text: string, more: readonly string[] = []): Uint8Array {
  return compileC(text, [...bitcodeFlags, '-emit-llvm', ...more]);
}

/** C text as an ELF object. */
export function object(text: string, more: readonly string[] = []): Uint8Array {
  return compileC(text, ['-O1', '-fPIC', ...more]);
}
