/** Compiles small C programs and places them in an engine's regions by hand, so that the runtime is tested alone. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Handle, NativeAddon } from '../../src/native/contract.js';

const memories = new WeakMap<Handle, Handle>();

/** An engine with an arena of its own: bytes of code, of constants and of data. */
export function createEngine(
  addon: NativeAddon,
  codeBytes: number,
  readonlyBytes: number,
  dataBytes: number,
): Handle {
  const memory = addon.memoryCreate(codeBytes, readonlyBytes, dataBytes, 'dual');
  const { data } = wholeRegions(addon, memory);
  const engine = addon.engineCreate();
  addon.engineCover(engine, data.base, new Uint8Array(data.bytes));
  memories.set(engine, memory);
  return engine;
}

/** The arena of an engine. */
export function memoryOf(engine: Handle): Handle {
  const memory = memories.get(engine);
  if (memory === undefined) throw new Error('the engine was made by createEngine');
  return memory;
}

/** A region, and all its bytes. */
interface WholeRegion {
  readonly base: bigint;
  readonly bytes: ArrayBuffer;
}

/** The regions of an arena. */
export function wholeRegions(
  addon: NativeAddon,
  memory: Handle,
): Readonly<Record<'code' | 'readonly' | 'data', WholeRegion>> {
  const regions = addon.memoryRegions(memory);
  const whole = (kind: 'code' | 'readonly' | 'data'): WholeRegion => {
    const { base, size } = regions[kind];
    return { base, bytes: addon.memoryView(memory, kind, size) };
  };
  return { code: whole('code'), readonly: whole('readonly'), data: whole('data') };
}

/** The regions of an engine's arena. */
export function regionsOf(addon: NativeAddon, engine: Handle): ReturnType<typeof wholeRegions> {
  return wholeRegions(addon, memoryOf(engine));
}

/** Destroys an engine, and then its arena. */
export function destroyEngine(addon: NativeAddon, engine: Handle): void {
  addon.engineDestroy(engine);
  addon.memoryDestroy(memoryOf(engine));
}

/** Destroys engines of a test that has ended, and forgets them. */
export function destroyAll(addon: NativeAddon, engines: Handle[]): void {
  for (const engine of engines.splice(0)) {
    try {
      destroyEngine(addon, engine);
    } catch (error) {
      // One whose program left threads behind stays busy; its memory then goes with this process.
      if ((error as { readonly code?: string }).code !== 'ENGINE_BUSY') throw error;
    }
  }
}

/** A program in an engine's memory. */
export interface PlacedProgram {
  /** Address of a function or variable. */
  readonly address: (name: string) => bigint;
  /** Address of a slot that leads to the function. */
  readonly slot: (name: string) => bigint;
  /** Its frame table, as `framesRegister` takes it. */
  readonly frames: readonly [address: bigint, bytes: number, codeStart: bigint, codeBytes: number];
}

/** Bytes at the start of the data region kept for slots. */
const slotAreaBytes = 0x10000;

/**
 * Compiles, links at the engine's addresses and writes through the writable views.
 *
 * @param addon - The addon under test.
 * @param engine - A fresh engine; one program each.
 * @param source - C, or C++ if `language` says so.
 * @param language - What the compiler is told.
 * @returns Where everything is.
 */
export function place(
  addon: NativeAddon,
  engine: Handle,
  source: string,
  language: 'c' | 'c++' = 'c',
): PlacedProgram {
  const folder = mkdtempSync(join(tmpdir(), 'tierlink-program-'));
  try {
    const object = join(folder, 'program.o');
    const linked = join(folder, 'program.elf');
    const script = join(folder, 'script.ld');
    const text = join(folder, 'program.src');
    writeFileSync(text, source);
    // Without a PLT every call leaves through the GOT, as the process's functions are out of a call's reach.
    const flags = [
      '-O1',
      '-fPIC',
      '-fno-plt',
      '-fno-stack-protector',
      '-fcf-protection=none',
      '-fno-builtin',
    ];
    execFileSync(language === 'c' ? 'gcc' : 'g++', [...flags, '-x', language, '-c', text, '-o', object]);

    const { code, readonly, data } = regionsOf(addon, engine);
    const dataStart = data.base + BigInt(slotAreaBytes);
    writeFileSync(
      script,
      `SECTIONS {
        . = ${hex(code.base)}; .text : { *(.text*) }
        . = ${hex(readonly.base)};
        .rodata : { *(.rodata*) *(.gcc_except_table*) *(.got*) }
        .eh_frame : { eh_frame_start = .; KEEP(*(.eh_frame)) eh_frame_end = .; LONG(0) }
        . = ${hex(dataStart)}; .data : { *(.data*) *(.bss*) *(COMMON) BYTE(0) }
        /DISCARD/ : { *(.comment) *(.note*) }
      }`,
    );
    const undefinedNames = execFileSync('nm', ['-u', '-P', object], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '')
      .filter((name) => name !== '' && name !== '_GLOBAL_OFFSET_TABLE_');
    const definitions = undefinedNames.map((name) => {
      const found = addon.engineRuntimeSymbol(engine, name) || addon.processSymbol(name);
      if (found === 0n) throw new Error(`the test program needs ${name}`);
      return `--defsym=${name}=${hex(found)}`;
    });
    execFileSync(
      'ld',
      ['--no-relax', '-static', '-e', '0', '-T', script, ...definitions, object, '-o', linked],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    for (const [section, bytes, offset] of [
      ['.text', code.bytes, 0],
      ['.rodata', readonly.bytes, 0],
      ['.data', data.bytes, slotAreaBytes],
    ] as const) {
      const output = join(folder, 'section.bin');
      const sections = section === '.rodata' ? ['-j', '.rodata', '-j', '.eh_frame'] : ['-j', section];
      execFileSync('objcopy', ['-O', 'binary', ...sections, linked, output]);
      new Uint8Array(bytes).set(readFileSync(output), offset);
    }

    const addresses = new Map<string, bigint>();
    for (const line of execFileSync('nm', ['-P', linked], { encoding: 'utf8' }).split('\n')) {
      const [name, , value] = line.split(' ');
      if (name !== undefined && value !== undefined && value !== '')
        addresses.set(name, BigInt(`0x${value}`));
    }
    const address = (name: string): bigint => {
      const found = addresses.get(name);
      if (found === undefined) throw new Error(`the test program has no ${name}`);
      return found;
    };
    const slots = new BigUint64Array(data.bytes, 0, slotAreaBytes / 8);
    const indexes = new Map<string, number>();
    const slot = (name: string): bigint => {
      let index = indexes.get(name);
      if (index === undefined) {
        index = indexes.size;
        indexes.set(name, index);
        slots[index] = address(name);
      }
      return data.base + BigInt(index * 8);
    };
    const [start, end] = [address('eh_frame_start'), address('eh_frame_end')];
    return { address, slot, frames: [start, Number(end - start), code.base, code.bytes.byteLength] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads a NUL-terminated variable of the program. */
export function readText(addon: NativeAddon, engine: Handle, address: bigint): string {
  const { data } = regionsOf(addon, engine);
  const bytes = new Uint8Array(data.bytes, Number(address - data.base));
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

/** Reads an int variable of the program. */
export function readInt(addon: NativeAddon, engine: Handle, address: bigint): number {
  const { data } = regionsOf(addon, engine);
  return new DataView(data.bytes).getInt32(Number(address - data.base), true);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** For `bindFunction`: what a call throws is what the addon says. */
export function asIs(error: unknown): unknown {
  return error;
}
