import { describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry } from '../../../src/cache/entry.js';
import { sha256Hex } from '../../../src/core/hashes.js';

const key = sha256Hex('a key');
const payload = Buffer.from('an object, and then some');
const entry = encodeEntry(key, payload);

/** A copy of the entry, changed. */
function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(entry);
  change(bytes);
  return bytes;
}

describe('an entry', () => {
  it.each([0, 1, 24, 100_000])('gives back a payload of %i bytes', (length) => {
    const bytes = Buffer.alloc(length, 7);
    expect(decodeEntry(key, encodeEntry(key, bytes)).payload).toEqual(bytes);
  });

  it('is read wherever in a buffer it lies', () => {
    const around = Buffer.concat([Buffer.alloc(13), entry, Buffer.alloc(5)]);
    expect(decodeEntry(key, around.subarray(13, 13 + entry.length)).payload).toEqual(payload);
  });

  it('is refused when any of its bytes is another one', () => {
    for (let at = 0; at < entry.length; at += 1) {
      for (const bit of [0x01, 0x80, 0xff]) {
        const bytes = changed((copy) => copy.writeUInt8(copy.readUInt8(at) ^ bit, at));
        expect(decodeEntry(key, bytes), `byte ${String(at)}`).toEqual({
          reason: expect.any(String) as string,
        });
      }
    }
  });

  it('is refused when any of its end is missing, and when it is too long', () => {
    for (let length = 0; length < entry.length; length += 1) {
      expect(decodeEntry(key, entry.subarray(0, length)).payload, `${String(length)} bytes`).toBeUndefined();
    }
    expect(decodeEntry(key, Buffer.concat([entry, Buffer.alloc(1)])).reason).toBe('it has 25 bytes of 24');
  });

  it('is refused under another key', () => {
    expect(decodeEntry(sha256Hex('another key'), entry).reason).toBe(`it belongs to the key ${key}`);
  });

  it('is refused in another format', () => {
    expect(
      decodeEntry(
        key,
        changed((copy) => copy.writeUInt32LE(2, 8)),
      ).reason,
    ).toBe('its format is 2, not 1');
    expect(decodeEntry(key, Buffer.alloc(200, 'x')).reason).toBe('it is no entry of tierlink');
  });
});
