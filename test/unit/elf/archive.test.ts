import { describe, expect, it } from 'vitest';
import { readArchive } from '../../../src/elf/archive.js';

function member(name: string, content: Uint8Array | string, sizeField?: string): Buffer {
  const body = Buffer.from(content);
  const size = sizeField ?? String(body.length);
  const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'644'.padEnd(8)}${size.padEnd(10)}\`\n`;
  return Buffer.concat([Buffer.from(header), body, Buffer.from(body.length % 2 === 1 ? '\n' : '')]);
}

function archive(...members: readonly Buffer[]): Uint8Array {
  return Buffer.concat([Buffer.from('!<arch>\n'), ...members]);
}

/** A symbol index with an entry for each [name, offset of the member's header]. */
function index(entries: readonly (readonly [string, number])[], wordBytes: 4 | 8 = 4): Buffer {
  const words = Buffer.alloc(wordBytes * (entries.length + 1));
  [entries.length, ...entries.map(([, offset]) => offset)].forEach((value, at) => {
    words.writeUInt32BE(value, at * wordBytes + wordBytes - 4);
  });
  return Buffer.concat([words, Buffer.from(entries.map(([name]) => `${name}\0`).join(''))]);
}

const invalid = expect.objectContaining({ code: 'ARCHIVE_INVALID' }) as Error;

describe('an archive', () => {
  it('may be empty', () => {
    expect(readArchive(archive(), 'a').members).toEqual([]);
  });

  it('gives its members with short and long names', () => {
    const long = 'a-name-that-is-longer-than-15.o';
    const { members } = readArchive(
      archive(
        member('//', `${long}/\nother-long-name-of-it.o/\n`),
        member('a.o/', 'abc'),
        member('/0', 'de'),
        member('/33', ''),
      ),
      'a',
    );
    expect(members.map((one) => [one.name, Buffer.from(one.bytes).toString()])).toEqual([
      ['a.o', 'abc'],
      [long, 'de'],
      ['other-long-name-of-it.o', ''],
    ]);
  });

  it.each([4, 8] as const)('finds the member of a symbol by an index with words of %i bytes', (wordBytes) => {
    const name = wordBytes === 4 ? '/' : '/SYM64/';
    const names = ['f', 'g', 'f'] as const;
    const size =
      8 +
      60 +
      index(
        names.map((one) => [one, 0] as const),
        wordBytes,
      ).length;
    const first = size + (size % 2);
    const second = first + 62;
    const bytes = archive(
      member(
        name,
        index(
          [
            ['f', first],
            ['g', second],
            ['f', second],
          ],
          wordBytes,
        ),
      ),
      member('a.o/', 'aa'),
      member('b.o/', 'bb'),
    );
    const { symbols, members } = readArchive(bytes, 'a');
    expect(symbols.get('f')).toBe(members[0]);
    expect(symbols.get('g')).toBe(members[1]);
  });

  it('may lack the padding of its last member', () => {
    const bytes = archive(member('a.o/', 'abc'));
    expect(readArchive(bytes.subarray(0, bytes.length - 1), 'a').members.length).toBe(1);
  });
});

describe('an archive is ARCHIVE_INVALID when it', () => {
  it.each([
    ['is something else', Buffer.from('\x7fELF....')],
    ['is thin', Buffer.from('!<thin>\n')],
    ['is cut off in a header', archive(member('a.o/', 'abc')).subarray(0, 40)],
    ['is cut off in a member', archive(member('a.o/', 'abcdef')).subarray(0, 70)],
    [
      'has a broken header',
      archive(Buffer.from(member('a.o/', 'ab').toString('latin1').replace('`', '!'), 'latin1')),
    ],
    ['has a size that is no number', archive(member('a.o/', 'ab', '0x2'))],
    ['has a negative size', archive(member('a.o/', 'ab', '-2'))],
    ['is in the BSD format', archive(member('#1/8', 'name.o\0\0ab'))],
    ['has a BSD symbol index', archive(member('__.SYMDEF', '1234'))],
    ['has a long name without a table', archive(member('/0', 'ab'))],
    ['has a long name behind the table', archive(member('//', 'abc/\n'), member('/9', 'ab'))],
    ['has a long name without an end', archive(member('//', 'abc'), member('/0', 'ab'))],
    ['has an index too short for its count', archive(member('/', Buffer.from([0, 0, 1, 0, 0, 0, 0, 8])))],
    ['has an empty index', archive(member('/', ''))],
    ['has an index leading to no member', archive(member('/', index([['f', 9]])))],
    [
      'has an index with a name without an end',
      archive(member('/', index([['f', 8]]).subarray(0, 9)), member('a.o/', '')),
    ],
  ])('%s', (_what, bytes) => {
    expect(() => readArchive(bytes, 'a')).toThrow(invalid);
  });
});
