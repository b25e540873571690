/** LLVM comes into a process when something has to be ingested or compiled, and not before. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { llvmBin, object, root } from '../support/toolchain.js';

const built = join(root, 'build', 'native');
const halfName = 'tierlink_llvm.so';

/** Runs a script that has `createEngine`, `addon`, `mapped` and the path of an object that defines `seven`. */
function inProcess(body: string, addon = join(built, 'tierlink.node')): unknown {
  const file = join(mkdtempSync(join(tmpdir(), 'tierlink-test-')), 'seven.o');
  writeFileSync(file, object('int seven(void) { return 7; }'));
  const script = `
    import { copyFileSync, readFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import { isDeepStrictEqual } from 'node:util';
    import { createEngine } from ${JSON.stringify(join(root, 'dist', 'src', 'index.js'))};
    const addon = createRequire(import.meta.url)(${JSON.stringify(addon)});
    const mapped = () => readFileSync('/proc/self/maps', 'utf8').includes('libLLVM');
    const object = { path: ${JSON.stringify(file)} };
    const ir = 'define i32 @eight() {\\n  ret i32 8\\n}\\n';
    const refusal = (act) => { try { act(); return 'accepted'; } catch (error) { return error; } };
    const show = (value) => console.log(JSON.stringify(value));
    ${body}`;
  const env = { ...process.env, TIERLINK_ADDON: addon };
  const words = ['--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8', env, timeout: 60_000 }));
}

/** A folder with the addon in it, and beside it what is given. */
function folderWith(half?: (path: string) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'tierlink-test-'));
  copyFileSync(join(built, 'tierlink.node'), join(folder, 'tierlink.node'));
  half?.(join(folder, halfName));
  return folder;
}

function sharedLibrary(path: string, text: string, more: readonly string[] = []): void {
  const input = join(mkdtempSync(join(tmpdir(), 'tierlink-test-')), 'input.c');
  writeFileSync(input, text);
  execFileSync(join(llvmBin, 'clang'), ['-shared', '-fPIC', input, '-o', path, ...more]);
}

/** What a process without a usable tierlink_llvm.so makes of IR, before and after it did other work. */
const tryIr = `
  const engine = createEngine();
  const before = engine.snapshot();
  const error = refusal(() => engine.addModule('text', ir));
  const same = isDeepStrictEqual({ ...engine.snapshot(), wallMs: 0 }, { ...before, wallMs: 0 });
  engine.addModule('object', object);
  await engine.link();
  const seven = engine.fn('seven', { signature: 'i32 ()' })();
  show({ code: error.code, message: error.message, details: error.details, same, seven });
  await engine.dispose();`;

describe('LLVM is loaded only when something has to be compiled', () => {
  it('the addon itself is not linked with it', () => {
    const needed = execFileSync(join(llvmBin, 'llvm-readelf'), ['-d', join(built, 'tierlink.node')], {
      encoding: 'utf8',
    });
    expect(needed).toContain('libc.so');
    expect(needed).not.toContain('LLVM');
  });

  it('a program of objects is linked and called without it', () => {
    const seen = inProcess(`
      const engine = createEngine();
      engine.addModule('object', object);
      await engine.link();
      const seven = engine.fn('seven', { signature: 'i32 ()' })();
      await engine.dispose();
      show({ seven, mapped: mapped() });`);
    expect(seen).toEqual({ seven: 7, mapped: false });
  });

  it('IR brings it in, once for all engines', () => {
    const seen = inProcess(`
      const engine = createEngine();
      const before = mapped();
      engine.addModule('text', ir);
      await engine.link();
      const eight = engine.fn('eight')();
      await engine.dispose();
      show({ before, eight, after: mapped() });`);
    expect(seen).toEqual({ before: false, eight: 8, after: true });
  });

  it('a compile thread may be the first that needs it', () => {
    const seen = inProcess(`
      const pool = addon.compilerCreate(2, 10);
      const job = { bitcode: new Uint8Array(4), part: 'code', passes: '', codegenLevel: 0, hostCpu: false, features: '',
        calls: 'direct', counters: false, instrument: false, profile: null, profileUses: [], profilePrior: 0, importBudget: 0, sources: [], polls: '', near: [], functions: null, continuation: null };
      const before = mapped();
      const kinds = await Promise.all([1, 2, 3, 4].map(() => new Promise((resolve) => {
        addon.compilerSubmit(pool, job, { lazy: true, heat: 0 }, (outcome) => resolve(outcome.failure.kind));
      })));
      await addon.compilerDestroy(pool);
      show({ before, kinds, after: mapped() });`);
    expect(seen).toEqual({ before: false, kinds: Array(4).fill('bitcode'), after: true });
  });
});

describe('LLVM_MISSING, at the call that needs it, and the engine is as it was before (I8)', () => {
  it('tierlink_llvm.so is not there; when it is, the same engine goes on', () => {
    const folder = folderWith();
    const half = join(folder, halfName);
    const seen = inProcess(
      `
      const engine = createEngine();
      const before = engine.snapshot();
      const error = refusal(() => engine.addModule('text', ir));
      const same = isDeepStrictEqual({ ...engine.snapshot(), wallMs: 0 }, { ...before, wallMs: 0 });
      const pool = addon.compilerCreate(1, 10);
      const job = { bitcode: new Uint8Array(4), part: 'code', passes: '', codegenLevel: 0, hostCpu: false, features: '',
        calls: 'direct', counters: false, instrument: false, profile: null, profileUses: [], profilePrior: 0, importBudget: 0, sources: [], polls: '', near: [], functions: null, continuation: null };
      const outcome = await new Promise((resolve) => addon.compilerSubmit(pool, job, { lazy: true, heat: 0 }, resolve));
      copyFileSync(${JSON.stringify(join(built, halfName))}, ${JSON.stringify(half)});
      engine.addModule('text', ir);
      engine.addModule('object', object);
      await engine.link();
      show({ code: error.code, message: error.message, same, kind: outcome.failure.kind,
        results: [engine.fn('seven', { signature: 'i32 ()' })(), engine.fn('eight')()] });
      await engine.dispose();`,
      join(folder, 'tierlink.node'),
    );
    expect(seen).toMatchObject({ code: 'LLVM_MISSING', same: true, kind: 'missing', results: [7, 8] });
    expect(seen).toHaveProperty('message', expect.stringContaining(half));
    expect(seen).toHaveProperty('message', expect.stringContaining('npm run setup'));
  });

  it('libLLVM is not there', () => {
    const folder = folderWith((half) => {
      const library = join(mkdtempSync(join(tmpdir(), 'tierlink-test-')), 'libLLVM.so.22.99');
      sharedLibrary(library, '', ['-Wl,-soname,libLLVM.so.22.99']);
      sharedLibrary(half, '', ['-Wl,--no-as-needed', library]);
    });
    const seen = inProcess(tryIr, join(folder, 'tierlink.node'));
    expect(seen).toMatchObject({ code: 'LLVM_MISSING', same: true, seven: 7 });
    expect(seen).toHaveProperty('message', expect.stringMatching(/libLLVM\.so\.22\.99.*libllvm22/s));
  });

  it.each([
    ['is something else', 'int other;', /is not tierlink's/],
    ['belongs to another build', 'void *tierlink_llvm(const char *hash) { return 0; }', /another build/],
    ['is no library', undefined, /tierlink_llvm\.so/],
  ])('tierlink_llvm.so %s', (_, text, reason) => {
    const folder = folderWith((half) => {
      if (text === undefined) writeFileSync(half, 'this is no library');
      else sharedLibrary(half, text);
    });
    const seen = inProcess(tryIr, join(folder, 'tierlink.node'));
    expect(seen).toMatchObject({ code: 'LLVM_MISSING', same: true, seven: 7 });
    expect(seen).toHaveProperty('message', expect.stringMatching(reason));
  });
});
