import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { TierlinkError } from '../../src/core/errors.js';
import { readArchive } from '../../src/elf/archive.js';
import { readObject } from '../../src/elf/object.js';
import { linkImage } from '../../src/link/link.js';
import { prepareObject } from '../../src/link/prepare.js';
import { wantedSymbols } from '../../src/link/wanted.js';
import { contextOf, jitFunction, placementAt } from '../unit/link/link-bench.js';
import { findTool } from '../unit/link/tools.js';

const source = `
  typedef int (*operation)(int);
  extern int outside(int); extern int variable; extern __thread int far_thread;
  static __thread int own_thread = 3; int zeroed[100]; int *pointer = &variable;
  static int add(int x) { return x + own_thread; }
  static const operation table[] = { add, outside };
  __attribute__((constructor)) static void begin(void) { zeroed[1] = 5; }
  int pick(int kind, int x) {
    switch (kind) { case 0: return x + 1; case 1: return x * 3; case 2: return outside(x);
      case 3: return variable; case 4: return far_thread; case 5: return table[x & 1](x); default: return 0; }
  }
`;

let real = new Uint8Array();

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'tierlink-elf-'));
  writeFileSync(join(folder, 'in.c'), source);
  execFileSync(
    findTool('clang'),
    ['-O1', '-fPIC', '-ffunction-sections', '-g', '-c', 'in.c', '-o', 'out.o'],
    { cwd: folder },
  );
  real = new Uint8Array(readFileSync(join(folder, 'out.o')));
  rmSync(folder, { recursive: true });
});

/** Reads, prepares and links; whatever the bytes, only a typed error may come out. */
function process(bytes: Uint8Array): void {
  try {
    const object = readObject(bytes, 'm');
    for (let section = 0; section < object.sections.count; section += 1) object.sections.name(section);
    for (let symbol = 0; symbol < object.symbols.count; symbol += 1) object.symbols.name(symbol);
  } catch (error) {
    if (!(error instanceof TierlinkError)) throw error;
  }
  try {
    const image = prepareObject(bytes, 'm', { bindLocalCall: () => true });
    const needed = image.blocks.code.size + image.blocks.readonly.size + image.blocks.data.size;
    if (needed > 1 << 24) return;
    const known = Object.fromEntries(
      wantedSymbols(image).map(({ name }, index) => [name, jitFunction(index)]),
    );
    linkImage(image, placementAt(image), contextOf(known, 1n));
  } catch (error) {
    if (!(error instanceof TierlinkError)) throw error;
  }
}

describe('the ELF reader', () => {
  it('links the object as it is', () => {
    const image = prepareObject(real, 'm');
    expect([...image.symbols.keys()].sort()).toEqual(['pick', 'pointer', 'zeroed']);
    expect(
      wantedSymbols(image)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['__tls_get_addr', 'far_thread', 'outside', 'variable']);
  });

  it('throws nothing but TierlinkError for any change of some bytes', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = real.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        process(bytes);
      }),
      { numRuns: 1500 },
    );
  });

  it('throws nothing but TierlinkError for changes of headers and tables', () => {
    const view = new DataView(real.buffer);
    const table = Number(view.getBigUint64(40, true));
    const word = fc.oneof(
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      fc.nat({ max: 200 }).map(BigInt),
      fc.constantFrom(0x7fff_ffffn, 0xffff_ffffn, 1n << 32n, 1n << 53n, (1n << 64n) - 1n),
    );
    const change = fc.tuple(fc.nat({ max: (real.length - table) / 8 - 1 }), word);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = real.slice();
        for (const [at, value] of changes)
          new DataView(bytes.buffer).setBigUint64(table + at * 8, value, true);
        process(bytes);
      }),
      { numRuns: 1500 },
    );
  });

  it('throws nothing but TierlinkError for any truncation', () => {
    fc.assert(
      fc.property(fc.nat({ max: real.length }), (size) => {
        process(real.subarray(0, size));
      }),
      { numRuns: 500 },
    );
  });

  it('throws nothing but TierlinkError for any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
        process(tail);
        const bytes = real.slice(0, 64 + tail.length);
        bytes.set(tail, 64);
        process(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the archive reader', () => {
  it('throws nothing but TierlinkError for any change of some bytes', () => {
    const header = (name: string, size: number) => `${name.padEnd(48)}${String(size).padEnd(10)}\`\n`;
    const index = '\0\0\0\x01\0\0\0\x52f\0';
    const text = `!<arch>\n${header('/', 10)}${index}${header('//', 4)}a/\n\n${header('/0', 6)}member`;
    const archive = Buffer.from(text, 'latin1');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: archive.length - 1 }), fc.nat({ max: 255 })), { maxLength: 5 }),
        fc.nat(),
        (changes, cut) => {
          const bytes = Uint8Array.from(archive);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            readArchive(bytes.subarray(0, bytes.length - (cut % 4 === 0 ? cut % bytes.length : 0)), 'a');
          } catch (error) {
            if (!(error instanceof TierlinkError)) throw error;
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
