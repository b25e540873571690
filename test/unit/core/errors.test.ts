import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorTable, TierlinkError } from '../../../src/core/errors.js';

const root = new URL('../../../', import.meta.url).pathname;
const codes = Object.keys(errorTable).sort();

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(root, folder, path), 'utf8'));
}

describe('the error codes', () => {
  it('are the rows of docs/errors.md', () => {
    const rows = [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `([A-Z_]+)` *\|/gm)];
    expect(rows.map((row) => row[1] ?? '').sort()).toEqual(codes);
  });

  it('are all used by the library', () => {
    const text = ['src', 'tiers', 'stubs']
      .flatMap(sources)
      .filter((source) => !source.includes('export const errorTable'))
      .join('\n');
    expect(codes.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  it('are all provoked by a test', () => {
    const text = sources('test')
      .filter((source) => !source.includes('are all provoked by a test'))
      .join('\n');
    expect(codes.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  it('make messages that end in the remedy', () => {
    const error = new TierlinkError('SYMBOL_UNRESOLVED', {
      module: 'a.bc',
      symbols: ['f', 'g'],
      searched: ['the registered modules'],
    });
    expect(error.message).toBe(
      'module a.bc needs f, g, found neither in the registered modules; add the module that defines it, or name the shared library with --load (option libraries)',
    );
    expect(error.message.endsWith(error.remedy)).toBe(true);
    expect(error).toMatchObject({ name: 'TierlinkError', code: 'SYMBOL_UNRESOLVED' });
  });

  it('name at most eight symbols of many', () => {
    const symbols = Array.from({ length: 20 }, (_, i) => `s${String(i)}`);
    const error = new TierlinkError('SYMBOL_UNRESOLVED', { module: 'm', symbols, searched: ['x'] });
    expect(error.message).toContain('s7 and 12 more');
    expect(error.details.symbols).toHaveLength(20);
  });
});
