import { describe, expect, it } from 'vitest';
import { encodeEntry } from '../../../src/cache/entry.js';
import { MemoryStore } from '../../../src/cache/memory-store.js';
import { type CacheEntry, ObjectCache } from '../../../src/cache/object-cache.js';
import type { Evicted, ObjectStore } from '../../../src/cache/object-store.js';
import { sha256Hex } from '../../../src/core/hashes.js';
import type { CacheEvent, Emit } from '../../../src/core/events.js';
import { pause } from '../../support/engine.js';

const entry: CacheEntry = { key: sha256Hex('one'), module: 'm', content: 'code' };
const other: CacheEntry = { key: sha256Hex('other'), module: 'n', content: 'module' };
const payload = Buffer.from('an object');
const asIs = (bytes: Uint8Array) => bytes;

/** A store of the user's, all of which can be changed. */
function storeOf(parts: Partial<ObjectStore> = {}): ObjectStore {
  return {
    apiVersion: 1,
    description: 'mine',
    immediate: true,
    get: () => undefined,
    put: () => Promise.resolve(),
    delete: () => Promise.resolve(),
    ...parts,
  };
}

function cacheOver(store: ObjectStore, isBusy: () => boolean = () => false) {
  const events: CacheEvent[] = [];
  const warnings: string[] = [];
  const emit: Emit = (name, event) => {
    if (name === 'cache') events.push(event as CacheEvent);
    if (name === 'warning') warnings.push((event as { message: string }).message);
  };
  const cache = new ObjectCache(store, emit, isBusy);
  const outcomes = () => events.map(({ outcome }) => outcome);
  return { cache, events, outcomes, warnings };
}

describe('the object cache', () => {
  it('finds what was kept, and tells of it', async () => {
    const { cache, events } = cacheOver(new MemoryStore(1e6));
    expect(cache.find(entry, asIs)).toBeUndefined();
    cache.keep(entry, payload.length, () => payload);
    expect(await cache.flush(1000)).toBe(true);
    expect(cache.find(entry, asIs)).toEqual(payload);
    const bytes = 80 + payload.length;
    const about = { module: 'm', content: 'code', key: entry.key, reason: '' };
    expect(events).toEqual([
      { ...about, outcome: 'miss', bytes: 0 },
      { ...about, outcome: 'stored', bytes },
      { ...about, outcome: 'hit', bytes },
    ]);
    expect(cache.statistics).toEqual({
      hits: 1,
      misses: 1,
      rejected: 0,
      stored: 1,
      evicted: 0,
      failed: 0,
      bytesRead: bytes,
      bytesWritten: bytes,
    });
  });

  it('tells what was evicted', async () => {
    const { cache, events } = cacheOver(new MemoryStore(100));
    cache.keep(entry, 9, () => payload);
    cache.keep(other, 9, () => payload);
    await cache.flush(1000);
    const evicted = { outcome: 'evicted', module: '', content: null, key: entry.key, bytes: 89, reason: '' };
    expect(events).toContainEqual(evicted);
    expect(cache.statistics).toMatchObject({ stored: 2, evicted: 1 });
  });

  it('rejects an entry that is damaged, and one that its reader refuses; both are forgotten', async () => {
    const forgotten: string[] = [];
    const damaged = encodeEntry(entry.key, payload);
    damaged[85] = 0;
    const store = storeOf({
      get: (key) => (key === entry.key ? damaged : encodeEntry(key, payload)),
      delete: (key) => {
        forgotten.push(key);
        return Promise.resolve();
      },
    });
    const { cache, events, outcomes } = cacheOver(store);
    expect(cache.find(entry, asIs)).toBeUndefined();
    expect(cache.find(other, () => undefined)).toBeUndefined();
    expect(outcomes()).toEqual(['rejected', 'miss', 'rejected', 'miss']);
    expect(events.map(({ reason }) => reason)).toEqual([
      'its content was changed',
      '',
      'its content is malformed',
      '',
    ]);
    await pause(1);
    expect(forgotten).toEqual([entry.key, other.key]);
    expect(cache.statistics).toMatchObject({ hits: 0, misses: 2, rejected: 2 });
  });

  it('stores anew what it rejected, after the old one is gone', async () => {
    const inner = new MemoryStore(1e6);
    await inner.put(entry.key, Buffer.from('rubbish'), () => undefined);
    const store = storeOf({
      get: (key) => inner.get(key),
      put: async (...all) => inner.put(...all),
      delete: async (key) => {
        await pause(30);
        await inner.delete(key);
      },
    });
    const { cache } = cacheOver(store);
    expect(cache.find(entry, asIs)).toBeUndefined();
    cache.keep(entry, 9, () => payload);
    await cache.flush(1000);
    await pause(50);
    expect(cache.find(entry, asIs)).toEqual(payload);
  });

  it('waits for a store that is not immediate', async () => {
    const inner = new MemoryStore(1e6);
    const store = storeOf({
      immediate: false,
      get: async (key) => {
        await pause(1);
        return inner.get(key);
      },
      put: async (...all) => inner.put(...all),
    });
    const { cache, outcomes } = cacheOver(store);
    expect(await cache.find(entry, asIs)).toBeUndefined();
    cache.keep(entry, 9, () => payload);
    await cache.flush(1000);
    expect(await cache.find(entry, asIs)).toEqual(payload);
    expect(outcomes()).toEqual(['miss', 'stored', 'hit']);
  });
});

describe('a store that fails', () => {
  const broken = () => {
    throw new Error('broken');
  };

  it.each<[string, Partial<ObjectStore>, string]>([
    ['throws', { get: broken }, 'broken'],
    ['rejects', { immediate: false, get: () => Promise.reject(new Error('broken')) }, 'broken'],
    ['answers with anything', { get: () => 'text' as never }, 'no Uint8Array'],
    [
      'answers later with anything',
      { immediate: false, get: () => Promise.resolve(7 as never) },
      'no Uint8Array',
    ],
    ['says that it is immediate, and is not', { get: () => Promise.resolve(undefined) }, 'a promise'],
    ['never answers', { immediate: false, get: () => new Promise(() => undefined) }, 'no answer for 1000 ms'],
  ])('is a miss: %s', async (_, parts, reason) => {
    const { cache, events, outcomes } = cacheOver(storeOf(parts));
    expect(await cache.find(entry, asIs)).toBeUndefined();
    expect(outcomes()).toEqual(['failed', 'miss']);
    expect(events[0]).toMatchObject({ module: 'm', content: 'code', key: entry.key });
    expect(events[0]?.reason).toContain(reason);
    expect(cache.statistics).toMatchObject({ misses: 1, failed: 1 });
  });

  it('is not asked any more after three times in a row, and is still written to', async () => {
    let asked = 0;
    let failing = true;
    const get = () => {
      asked += 1;
      if (failing) throw new Error('broken');
      return undefined;
    };
    const { cache, warnings } = cacheOver(storeOf({ get }));
    const look = (times: number) => {
      for (let i = 0; i < times; i += 1) void cache.find(entry, asIs);
    };
    look(2);
    failing = false;
    look(1);
    failing = true;
    look(5);
    expect(asked).toBe(6);
    expect(warnings).toEqual([
      'object cache (mine): reading failed 3 times in a row, and is not tried any more: broken',
    ]);
    cache.keep(entry, 9, () => payload);
    await cache.flush(1000);
    expect(cache.statistics).toMatchObject({ stored: 1, failed: 5 });
  });

  it('is not written to any more after three times in a row, and is still asked', async () => {
    let written = 0;
    const put = () => {
      written += 1;
      return Promise.reject(new Error('full'));
    };
    const { cache, outcomes, warnings } = cacheOver(storeOf({ put }));
    for (let i = 0; i < 5; i += 1) {
      cache.keep(entry, 9, () => payload);
      await cache.flush(1000);
    }
    expect(written).toBe(3);
    expect(outcomes()).toEqual(['failed', 'failed', 'failed']);
    expect(warnings).toHaveLength(1);
    expect(cache.find(entry, asIs)).toBeUndefined();
    expect(cache.statistics).toMatchObject({ misses: 1, stored: 0, failed: 3 });
  });
});

describe('what is kept', () => {
  /** A store whose writes end when the test says so. */
  function slowStore() {
    const ends: (() => void)[] = [];
    const put = async (_key: string, _bytes: Uint8Array, _evicted: Evicted): Promise<void> =>
      new Promise((resolve) => {
        ends.push(resolve);
      });
    return { store: storeOf({ put }), ends };
  }

  it('waits for as long as the compiler is busy', async () => {
    let isBusy = true;
    const { cache, outcomes } = cacheOver(storeOf(), () => isBusy);
    cache.keep(entry, 9, () => payload);
    await pause(60);
    expect(outcomes()).toEqual([]);
    isBusy = false;
    await pause(60);
    expect(outcomes()).toEqual(['stored']);
  });

  it('is stored nevertheless when somebody waits for it, or when it is a lot', async () => {
    const { cache, outcomes } = cacheOver(storeOf(), () => true);
    cache.keep(entry, 9, () => payload);
    expect(await cache.flush(1000)).toBe(true);
    expect(outcomes()).toEqual(['stored']);
    cache.keep(entry, 2 ** 24, () => payload);
    await pause(60);
    expect(outcomes()).toEqual(['stored', 'stored']);
  });

  it('is stored a few at a time', async () => {
    const { store, ends } = slowStore();
    const { cache } = cacheOver(store);
    for (let i = 0; i < 6; i += 1) cache.keep(entry, 9, () => payload);
    await pause(60);
    expect(ends).toHaveLength(4);
    ends[0]?.();
    await pause(10);
    expect(ends).toHaveLength(5);
    expect(await cache.flush(20)).toBe(false);
    for (let i = 1; i < 6; i += 1) {
      ends[i]?.();
      await pause(1);
    }
    expect(await cache.flush(20)).toBe(true);
  });

  it('is dropped when too much waits, and when the engine ends', async () => {
    const { store, ends } = slowStore();
    const { cache, events } = cacheOver(store);
    for (let i = 0; i < 8; i += 1) cache.keep(entry, 2 ** 23, () => payload);
    expect(events).toEqual([]);
    cache.keep(other, 2 ** 23, () => payload);
    expect(events).toMatchObject([{ outcome: 'failed', key: other.key }]);
    cache.keep(other, 2 ** 31, () => payload);
    await cache.end(20);
    expect(ends).toHaveLength(4);
    for (const end of ends) end();
    await pause(30);
    expect(ends).toHaveLength(4);
    expect(cache.statistics).toMatchObject({ stored: 4, failed: 1 });
  });
});
