import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSource } from '../../../src/engine/source.js';

const folder = mkdtempSync(join(tmpdir(), 'tierlink-test-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a module source', () => {
  it.each([
    ['bitcode', [0x42, 0x43, 0xc0, 0xde, 0]],
    ['bitcode', [0xde, 0xc0, 0x17, 0x0b, 0]],
    ['object', [0x7f, 0x45, 0x4c, 0x46, 2]],
    ['archive', [...Buffer.from('!<arch>\n')]],
    ['ir', [...Buffer.from('define void @f() { ret void }')]],
  ])('is recognised as %s by its first bytes', (format, bytes) => {
    expect(readSource('m', new Uint8Array(bytes)).format).toBe(format);
    writeFileSync(join(folder, 'input'), new Uint8Array(bytes));
    expect(readSource('m', join(folder, 'input')).format).toBe(format);
    expect(readSource('m', { path: join(folder, 'input') }).format).toBe(format);
  });

  it('is IR text when it is a string of several lines', () => {
    expect(readSource('m', 'define void @f() {\n  ret void\n}')).toMatchObject({ format: 'ir' });
    expect(readSource('m', { ir: 'declare void @f()' })).toMatchObject({ format: 'ir' });
  });

  it.each([[[0, 1, 2, 3]], [[]], [[0xff, 0xfe, 0x00]]])('refuses bytes that are nothing: %j', (bytes) => {
    expect(() => readSource('m', new Uint8Array(bytes))).toThrow(
      expect.objectContaining({ code: 'FORMAT_UNKNOWN' }),
    );
  });

  it('names the path and the reason of a file that can not be read', () => {
    expect(() => readSource('m', join(folder, 'missing.bc'))).toThrow(
      expect.objectContaining({
        code: 'INPUT_UNREADABLE',
        details: { module: 'm', path: join(folder, 'missing.bc'), reason: 'ENOENT' },
      }),
    );
  });
});
