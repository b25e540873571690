import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { relocationTable } from '../../../src/link/relocations-x86-64.js';

describe('docs/relocations.md', () => {
  it('shows exactly the table of the code', () => {
    const page = readFileSync(new URL('../../../docs/relocations.md', import.meta.url), 'utf8');
    const shown = page.split('\n').filter((line) => /^\| \d+ \|/.test(line));
    const expected = relocationTable.map(
      (row) =>
        `| ${String(row.number)} | ${row.name} | ${row.meaning} | ${row.expression} | ${row.range} | ${row.action} | ${row.error} |`,
    );
    expect(shown).toEqual(expected);
  });
});
