import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../../src/cache/directory-store.js';
import { sha256Hex } from '../../../src/core/hashes.js';
import { scratch } from '../../support/toolchain.js';

const block = 4096;
const user = process.getuid?.() ?? 0;
const keys = Array.from({ length: 64 }, (_, index) => sha256Hex(String(index)));
const [first = '', second = ''] = keys;

function storeIn(path: string, blocks = 1000) {
  const store = new DirectoryStore(path, blocks * block, user);
  const evicted: string[] = [];
  const put = async (key: string, bytes: Uint8Array = Buffer.from(key)) =>
    store.put(key, bytes, (other) => evicted.push(other));
  return { store, evicted, put };
}

function fileOf(path: string, key: string): string {
  return join(path, key.slice(0, 1), key.slice(1, 2), key.slice(2));
}

/** Makes an entry look as if it was last used so many seconds ago. */
function age(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
}

/** All files of a directory but its account. */
function entriesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name !== 'usage' && statSync(join(path, name)).isFile(),
  );
}

describe('a store in a directory', () => {
  it('touches no disk until something is stored', async () => {
    const path = join(scratch(), 'deep', 'cache');
    const { store, put } = storeIn(path);
    expect(store.get(first)).toBeUndefined();
    await store.delete(first);
    expect(existsSync(dirname(path))).toBe(false);
    await put(first);
    expect(store.get(first)).toEqual(Buffer.from(first));
    expect(store.get(second)).toBeUndefined();
  });

  it('is for its user alone', async () => {
    const path = join(scratch(), 'cache');
    const { put } = storeIn(path);
    await put(first);
    for (const folder of [path, dirname(fileOf(path, first))])
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of [fileOf(path, first), join(path, 'usage')])
      expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('replaces, forgets, and finds what another store on the same directory has', async () => {
    const path = join(scratch(), 'cache');
    const { store, put } = storeIn(path);
    const other = storeIn(path).store;
    await put(first);
    await put(first, Buffer.from('again'));
    expect(other.get(first)).toEqual(Buffer.from('again'));
    await other.delete(first);
    expect(store.get(first)).toBeUndefined();
    expect(entriesIn(path)).toEqual([]);
  });

  it('goes on when its directory is removed', async () => {
    const path = join(scratch(), 'cache');
    const { store, put } = storeIn(path);
    await put(first);
    rmSync(path, { recursive: true });
    expect(store.get(first)).toBeUndefined();
    await put(second);
    expect(store.get(second)).toEqual(Buffer.from(second));
  });

  it('gives what is left of a damaged entry, and nothing of what is no file', async () => {
    const path = join(scratch(), 'cache');
    const { store, put } = storeIn(path);
    await put(first);
    truncateSync(fileOf(path, first), 5);
    expect(store.get(first)).toHaveLength(5);
    truncateSync(fileOf(path, first), 0);
    expect(store.get(first)).toHaveLength(0);
    rmSync(fileOf(path, first));
    mkdirSync(fileOf(path, first));
    expect(store.get(first)).toHaveLength(0);
    rmSync(fileOf(path, first), { recursive: true });
    symlinkSync('/etc/passwd', fileOf(path, first));
    expect(() => store.get(first)).toThrow('ELOOP');
  });
});

describe('a full directory', () => {
  it('evicts what was used least recently, down to seven eighths', async () => {
    const path = join(scratch(), 'cache');
    const { store, put, evicted } = storeIn(path, 16);
    const order = keys.slice(0, 16);
    for (const key of order) await put(key);
    // Used in the opposite order; the first two just now.
    for (const [index, key] of order.entries()) age(fileOf(path, key), 1000 + index);
    store.get(order[15] ?? '');
    store.get(order[14] ?? '');
    expect(evicted).toEqual([]);
    await put(keys[16] ?? '');
    expect(evicted).toEqual([order[13], order[12], order[11]]);
    expect(entriesIn(path)).toHaveLength(14);
    expect(statSync(join(path, 'usage')).size).toBe(14);
    expect(store.get(keys[16] ?? '')).toBeDefined();
  });

  it('counts blocks, and does not keep what is larger than all of it', async () => {
    const path = join(scratch(), 'cache');
    const { store, put, evicted } = storeIn(path, 4);
    await put(keys[0] ?? '', Buffer.alloc(4 * block + 1));
    expect(existsSync(path)).toBe(false);
    await put(keys[1] ?? '', Buffer.alloc(block + 1));
    age(fileOf(path, keys[1] ?? ''), 1000);
    await put(keys[2] ?? '', Buffer.alloc(2 * block));
    expect(evicted).toEqual([]);
    age(fileOf(path, keys[2] ?? ''), 500);
    await put(keys[3] ?? '', Buffer.alloc(1));
    expect(evicted).toEqual([keys[1]]);
    expect(store.get(keys[2] ?? '')).toBeDefined();
  });

  it('counts anew when its account is lost, or wrong', async () => {
    const path = join(scratch(), 'cache');
    const { put, evicted } = storeIn(path, 16);
    for (const key of keys.slice(0, 16)) await put(key);
    for (const [index, key] of keys.entries()) if (index < 16) age(fileOf(path, key), 1000 - index);
    rmSync(join(path, 'usage'));
    await put(keys[16] ?? '');
    expect(evicted).toEqual(keys.slice(0, 3));
    writeFileSync(join(path, 'usage'), Buffer.alloc(1000));
    await put(keys[17] ?? '');
    expect(evicted).toHaveLength(3);
    expect(statSync(join(path, 'usage')).size).toBe(15);
  });

  it('clears away what a process that died was writing', async () => {
    const path = join(scratch(), 'cache');
    const { put } = storeIn(path);
    await put(first);
    const folder = dirname(fileOf(path, first));
    for (const name of ['1-old.tmp', '1-new.tmp']) writeFileSync(join(folder, name), 'half');
    age(join(folder, '1-old.tmp'), 4000);
    rmSync(join(path, 'usage'));
    await put(second);
    expect(readdirSync(folder).sort()).toEqual(['1-new.tmp', first.slice(2)].sort());
  });
});

describe('a use is noted', () => {
  it('when the last one was a minute ago, and not more often', async () => {
    const path = join(scratch(), 'cache');
    const { store, put } = storeIn(path);
    await put(first);
    const file = fileOf(path, first);
    age(file, 50);
    const before = statSync(file).mtimeMs;
    store.get(first);
    expect(statSync(file).mtimeMs).toBe(before);
    age(file, 70);
    store.get(first);
    expect(Date.now() - statSync(file).mtimeMs).toBeLessThan(30_000);
  });
});

describe('a directory is refused', () => {
  const refusal = (path: string, owner = user) => {
    try {
      const store = new DirectoryStore(path, block, owner);
      return store.get(first);
    } catch (error) {
      return error;
    }
  };
  const folder = (mode: number) => {
    const path = join(scratch(), 'cache');
    mkdirSync(path);
    chmodSync(path, mode);
    return path;
  };

  it.each([0o770, 0o707, 0o1777])('that others can write to (mode %o)', (mode) => {
    expect(refusal(folder(mode))).toMatchObject({ code: 'CACHE_DIRECTORY_REFUSED' });
  });

  it('that lies in one where all can replace it, unless that is sticky', () => {
    const above = folder(0o777);
    mkdirSync(join(above, 'cache'), { mode: 0o700 });
    expect(refusal(join(above, 'cache'))).toMatchObject({
      code: 'CACHE_DIRECTORY_REFUSED',
      details: { reason: expect.stringContaining('writable by all') as string },
    });
    chmodSync(above, 0o1777);
    expect(refusal(join(above, 'cache'))).toBeUndefined();
  });

  it('that leads to such a one', () => {
    const path = join(scratch(), 'link');
    symlinkSync(folder(0o777), path);
    expect(refusal(path)).toMatchObject({ code: 'CACHE_DIRECTORY_REFUSED' });
  });

  it('that belongs to another user, unless that is root', () => {
    const path = folder(0o755);
    const stranger = 54_321;
    // Only root can give something away, and what it keeps is trusted by all.
    if (user === 0) {
      expect(refusal(path, stranger)).toBeUndefined();
      chownSync(path, stranger, stranger);
    }
    expect(refusal(path, user === 0 ? user : user + 1)).toMatchObject({ code: 'CACHE_DIRECTORY_REFUSED' });
  });

  it('that is no directory, or lies below none', () => {
    const path = join(scratch(), 'file');
    writeFileSync(path, '');
    expect(refusal(path)).toMatchObject({ details: { reason: 'it is no directory' } });
    expect(refusal(join(path, 'cache'))).toMatchObject({ code: 'CACHE_DIRECTORY_REFUSED' });
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('that becomes unsafe before it is used for the first time', async () => {
    const path = join(scratch(), 'cache');
    const { store, put } = storeIn(path);
    mkdirSync(path);
    chmodSync(path, 0o777);
    const refused = { code: 'CACHE_DIRECTORY_REFUSED' };
    expect(() => store.get(first)).toThrow(expect.objectContaining(refused) as Error);
    await expect(put(first)).rejects.toMatchObject(refused);
    expect(readdirSync(path)).toEqual([]);
  });
});
