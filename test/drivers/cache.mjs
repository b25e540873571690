/**
 * Stores, reads and evicts in a directory that other processes use in the same way; says on stdout what it saw.
 * It is bundled before it is run. Words: the directory, how much it keeps, a seed, how often.
 */
import { directory, openStore } from '../../src/index.js';
import { decodeEntry, encodeEntry } from '../../src/cache/entry.js';
import { sha256Hex } from '../../src/core/hashes.js';

const [path = '', maxBytes, seed, rounds] = process.argv.slice(2);
const store = openStore(directory(path, { maxBytes: Number(maxBytes) }));
let state = Number(seed);
/** @param {number} below */
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const keys = Array.from({ length: 40 }, (_, index) => sha256Hex(String(index)));
/** What belongs to a key, whoever stores it. @param {string} key */
const contentOf = (key) => Buffer.alloc(1 + (parseInt(key.slice(0, 4), 16) % 30_000), key);

const seen = { hits: 0, misses: 0, wrong: 0, evicted: 0 };
for (let round = 0; round < Number(rounds); round += 1) {
  const key = keys[random(keys.length)] ?? '';
  const found = await store.get(key);
  if (found === undefined) {
    seen.misses += 1;
    await store.put(key, encodeEntry(key, contentOf(key)), () => {
      seen.evicted += 1;
    });
  } else if (Buffer.compare(decodeEntry(key, found).payload ?? found, contentOf(key)) === 0) seen.hits += 1;
  else seen.wrong += 1;
  if (random(50) === 0) await store.delete(key);
}
process.stdout.write(JSON.stringify(seen));
