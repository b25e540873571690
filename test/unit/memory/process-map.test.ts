import { describe, expect, it } from 'vitest';
import {
  isWritableAndExecutable,
  parseProcessMap,
  processMapIn,
  readProcessMap,
} from '../../../src/memory/process-map.js';

describe('the process map', () => {
  const smaps = [
    '00400000-00401000 r-xp 00002000 fe:00 260689                             /usr/bin/a b',
    'Size:                  4 kB',
    'Rss:                   4 kB',
    'VmFlags: rd ex mr mw me',
    '7f0000000000-7f0000003000 rw-p 00000000 00:00 0 ',
    'Rss:                  12 kB',
    'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]',
    'Rss:                   0 kB',
    '',
  ].join('\n');

  it('is read with what is resident', () => {
    expect(parseProcessMap(smaps)).toEqual([
      {
        start: 0x400000,
        end: 0x401000,
        permissions: 'r-xp',
        file: 'fe:00 260689',
        path: '/usr/bin/a b',
        residentBytes: 4096,
      },
      {
        start: 0x7f0000000000,
        end: 0x7f0000003000,
        permissions: 'rw-p',
        file: '',
        path: '',
        residentBytes: 12_288,
      },
      {
        start: Number(0xffffffffff600000n),
        end: Number(0xffffffffff601000n),
        permissions: '--xp',
        file: '',
        path: '[vsyscall]',
        residentBytes: 0,
      },
    ]);
  });

  it('is the same in both files of the kernel, but for what is resident', () => {
    const places = (file: 'maps' | 'smaps') =>
      parseProcessMap(readProcessMap(file)).filter(({ path }) => path.startsWith('/'));
    const [short, long] = [places('maps'), places('smaps')];
    expect(short.map(({ start, permissions }) => [start, permissions])).toEqual(
      long.map(({ start, permissions }) => [start, permissions]),
    );
    expect(short.every(({ residentBytes }) => residentBytes === 0)).toBe(true);
    expect(long.some(({ residentBytes }) => residentBytes > 0)).toBe(true);
  });

  it('is a typed error where there is none', () => {
    expect(() => processMapIn('/no/such/folder')('maps')).toThrow(
      expect.objectContaining({ code: 'PLATFORM_UNSUPPORTED' }),
    );
  });

  it.each([
    ['rwxp', true],
    ['-wxs', true],
    ['r-xp', false],
    ['rw-s', false],
  ])('%s is both writable and executable: %s', (permissions, expected) => {
    expect(isWritableAndExecutable({ permissions })).toBe(expected);
  });
});
