/** What counting calls adds to a function at the lowest tier, as machine code. */
import { describe, expect, it } from 'vitest';
import { engineFor } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const text = `
  double first(const double *at, int row, double plus, _Bool twice) { return at[row + twice] + plus; }
  unsigned turn(unsigned value, int by) { return value >> by | value << (32 - by); }
  int one(int x) { return x + 1; }
  int none(void) { return 1; }
  static int calls(int x) { return x > 0 ? calls(x - 1) + 1 : 0; }
  int deep(int x) { return calls(x); }`;

async function machineCode(name: string): Promise<string[]> {
  const engine = engineFor();
  engine.addModule('m', bitcode(text));
  const { instructions } = await engine.disassemble(name, 'baseline');
  return instructions.map(({ text: words, symbol }) => `${words.replaceAll(/\s+/g, ' ')} ${symbol}`.trim());
}

describe('a function that counts its calls', () => {
  it('stores its arguments once, before it counts', async () => {
    const code = await machineCode('first');
    const counting = code.findIndex((words) => words.endsWith('__tierlink_counter.first'));
    const stores = (from: number, to: number): string[] =>
      code.slice(from, to).filter((words) => /^movs?[a-z]* \w+ ptr \[rsp/.test(words));
    expect(counting).toBeGreaterThan(3);
    expect(stores(0, counting)).toHaveLength(4);
    expect(stores(counting, Infinity)).toEqual([]);
  });

  // One word read where parts of it were just stored waits for these stores.
  it.each(['turn', 'one'])('does not pop what %s stored in parts', async (name) => {
    const code = await machineCode(name);
    expect(code.filter((words) => words.includes('__tierlink_counter'))).not.toEqual([]);
    expect(code.filter((words) => words.startsWith('pop'))).toEqual([]);
  });

  it('gives the same results', async () => {
    const engine = engineFor();
    engine.addModule('m', bitcode(text));
    await engine.link();
    const cells = new Float64Array([1, 2, 3, 4, 5]);
    expect(engine.fn('first')(cells, 2, 0.5, 0)).toBe(3.5);
    expect(engine.fn('first')(cells, 2, 0.5, 1)).toBe(4.5);
    expect(engine.fn('turn')(0x80000001, 1)).toBe(0xc0000000 | 0);
    expect([engine.fn('one')(4), engine.fn('none')(), engine.fn('deep')(100)]).toEqual([5, 1, 100]);
  });
});
