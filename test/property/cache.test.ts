import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical } from '../../src/cache/canonical.js';
import { decodeEntry, encodeEntry } from '../../src/cache/entry.js';
import { MemoryStore } from '../../src/cache/memory-store.js';
import { decodeModule } from '../../src/cache/module-payload.js';
import { sha256Hex } from '../../src/core/hashes.js';

/** Plain data of every kind that a key can be made of. */
const { plain } = fc.letrec((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 8 }),
    fc.uint32Array({ maxLength: 4 }),
    fc.array(tie('plain'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 4 }), tie('plain'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

/** The same value, its fields added in the opposite order, with one that is undefined among them. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, shuffled(field)] as const);
  const absent = 'a name that is longer than those of others';
  return Object.fromEntries([...fields, [absent, undefined] as const].reverse());
}

/** Whether two values are the same, as Node's own comparison of values has it. */
function isSame(one: unknown, other: unknown): boolean {
  try {
    expect(one).toStrictEqual(other);
    return true;
  } catch {
    return false;
  }
}

describe('the canonical text', () => {
  it('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(canonical(shuffled(value))).toBe(canonical(value));
      }),
    );
  });

  it('differs for different values', () => {
    fc.assert(
      fc.property(plain, plain, (one, other) => {
        expect(canonical(one) === canonical(other)).toBe(isSame(one, other));
      }),
    );
    // Values that are close to each other.
    const close = [
      '1',
      1,
      1n,
      -0,
      0,
      true,
      'true',
      null,
      'null',
      [],
      {},
      [1, 2],
      ['1,2'],
      [[1], 2],
      { a: 1 },
      ['a', 1],
    ];
    expect(new Set(close.map(canonical)).size).toBe(close.length);
  });
});

describe('an entry', () => {
  const key = sha256Hex('key');

  it('gives what was put into it, or nothing, whatever happens to it', () => {
    const change = fc.record({
      at: fc.nat(),
      remove: fc.integer({ min: 0, max: 40 }),
      insert: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(change, { maxLength: 3 }),
        (payload, changes) => {
          const entry = encodeEntry(key, payload);
          let bytes = Buffer.from(entry);
          for (const { at, remove, insert } of changes) {
            const from = at % (bytes.length + 1);
            bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
          }
          const { payload: found } = decodeEntry(key, bytes);
          expect(found !== undefined).toBe(bytes.equals(entry));
          if (found !== undefined) expect(Buffer.from(found).equals(payload)).toBe(true);
        },
      ),
    );
  });

  it('of anything is nothing, and so is a module', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeEntry(key, bytes).payload).toBeUndefined();
        expect(decodeModule(bytes)).toBeUndefined();
      }),
    );
  });
});

it('a store in memory holds what was used last, as far as it fits', async () => {
  const step = fc.record({
    act: fc.constantFrom('get', 'put', 'delete'),
    key: fc.integer({ min: 0, max: 9 }).map(String),
    bytes: fc.integer({ min: 0, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const store = new MemoryStore(100);
      /** The one used last is last. */
      let model: { key: string; bytes: number }[] = [];
      const without = (key: string) => model.filter((entry) => entry.key !== key);
      for (const { act, key, bytes } of steps) {
        const had = model.find((entry) => entry.key === key);
        if (act === 'get') {
          expect(store.get(key)?.length).toBe(had?.bytes);
          if (had !== undefined) model = [...without(key), had];
        } else if (act === 'delete') {
          await store.delete(key);
          model = without(key);
        } else {
          const gone: string[] = [];
          await store.put(key, Buffer.alloc(bytes), (other) => gone.push(other));
          model = [...without(key), { key, bytes }];
          const expected: string[] = [];
          while (model.reduce((sum, entry) => sum + entry.bytes, 0) > 100) {
            expected.push(model[0]?.key ?? '');
            model = model.slice(1);
          }
          expect(gone).toEqual(expected);
        }
      }
    }),
  );
});
