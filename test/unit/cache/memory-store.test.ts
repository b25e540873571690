import { expect, it } from 'vitest';
import { MemoryStore } from '../../../src/cache/memory-store.js';

it('a store in memory evicts what was used least recently', async () => {
  const store = new MemoryStore(100);
  const gone: [string, number][] = [];
  const put = (key: string, bytes: number) =>
    store.put(key, Buffer.alloc(bytes), (other, size) => gone.push([other, size]));
  await put('a', 40);
  await put('b', 40);
  expect(store.get('a')).toHaveLength(40);
  await put('c', 30);
  expect(gone).toEqual([['b', 40]]);
  expect(store.get('b')).toBeUndefined();
  // Replacing makes no room for more than there is.
  await put('a', 70);
  expect(gone).toHaveLength(1);
  await put('d', 60);
  expect(gone.slice(1)).toEqual([
    ['c', 30],
    ['a', 70],
  ]);
  await put('e', 101);
  expect(store.get('e')).toBeUndefined();
  await store.delete('d');
  await store.delete('d');
  await put('f', 100);
  expect(gone).toHaveLength(3);
  expect(store.get('f')).toHaveLength(100);
});
