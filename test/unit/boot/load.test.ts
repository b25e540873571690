import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tierlink-boot-'));
  path = join(folder, 'file.cjs');
  writeFileSync(join(folder, 'other.cjs'), wrapped('exports.seven = () => 7;'));
  write('1');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** As the bundle has it. */
function wrapped(text: string): string {
  return `(function (exports, require, module, __filename, __dirname) {\n${text}\n})\n`;
}

/** All texts have the same length: V8 compares no more. */
function write(digit: string): void {
  const text = `const { seven } = require('./other.cjs'); exports.sum = () => seven() + ${digit};`;
  writeFileSync(path, wrapped(text));
}

/** As another process does it. */
async function loaded(): Promise<{ sum: () => number; keep: () => void }> {
  vi.resetModules();
  const { load, keep } = await import('../../../src/boot/load.js');
  return { ...(load(path) as { sum: () => number }), keep };
}

function kept(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.v8'));
}

describe('what V8 has compiled', () => {
  it('is kept for each file that was loaded, and loaded the next time', async () => {
    const { sum, keep } = await loaded();
    expect(sum()).toBe(8);
    expect(kept()).toEqual([]);
    keep();
    expect(kept()).toHaveLength(2);
    expect((await loaded()).sum()).toBe(8);
  });

  it('is not found for a file that was changed and has the same length', async () => {
    const { sum, keep } = await loaded();
    expect(sum()).toBe(8);
    keep();
    const before = statSync(path);
    write('2');
    utimesSync(path, before.atime, new Date(before.mtimeMs + 1000));
    expect((await loaded()).sum()).toBe(9);
  });

  it('is not used where it is damaged or cut off', async () => {
    (await loaded()).keep();
    for (const content of ['', 'no code at all']) {
      for (const name of kept()) writeFileSync(join(folder, name), content);
      expect((await loaded()).sum()).toBe(8);
    }
  });
});

it('a file is loaded once', async () => {
  vi.resetModules();
  const { load } = await import('../../../src/boot/load.js');
  expect(load(path)).toBe(load(path));
});
