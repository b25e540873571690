import { describe, expect, it } from 'vitest';
import { decodeModule, encodeModule } from '../../../src/cache/module-payload.js';
import type { IngestedModule } from '../../../src/native/ingest.js';

const module: IngestedModule = {
  code: Buffer.from('code'),
  data: Buffer.from('variables'),
  summary: {
    sourceFile: 'ä.c',
    functions: [],
    variables: [],
    aliases: [{ name: 'a', target: 'b', offset: 0, binding: 'strong' }],
    ifuncs: [],
    constructors: [],
    destructors: [],
    pinned: '',
    whole: '',
    distances: false,
    unread: false,
  },
};

describe('a module that was read', () => {
  it.each([
    ['with variables', module],
    ['without', { ...module, data: null }],
    ['with none in them', { ...module, data: Buffer.alloc(0) }],
  ])('is read back as it was %s', (_, one) => {
    const { code, data, summary } = decodeModule(encodeModule(one)) ?? {};
    expect(Buffer.from(code ?? []).equals(one.code)).toBe(true);
    expect(data === null ? null : Buffer.from(data ?? 'none')).toEqual(one.data);
    expect(summary).toEqual(one.summary);
  });

  it('is refused when lengths or summary are not what they should be', () => {
    const bytes = Buffer.from(encodeModule(module));
    const with32 = (at: number, value: number) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt32LE(value, at);
      return copy;
    };
    const withSummary = (summary: unknown) => encodeModule({ ...module, summary: summary as never });
    const bad = [
      Buffer.alloc(0),
      bytes.subarray(0, 7),
      bytes.subarray(0, bytes.length - 1),
      with32(0, 2 ** 31),
      with32(4, 2 ** 31),
      with32(0, 5),
      withSummary(null),
      withSummary([]),
      withSummary({ ...module.summary, functions: {} }),
      withSummary({ ...module.summary, pinned: undefined }),
    ];
    for (const one of bad) expect(decodeModule(one)).toBeUndefined();
  });
});
