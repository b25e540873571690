/** What is on the heap when a module of the example language is edited goes on to mean what it meant, or is refused. */
import { renameSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Watcher } from '../../../examples/rill/watch.js';
import { type Opened, opening } from '../../support/rill.js';

/** Opens a text, and gives what puts another one in its place. */
async function editing(text: string): Promise<Opened & { edit: (next: string) => Promise<void> }> {
  const made = await opening(text, { engine: { policy: 'never' } });
  return { ...made, edit: (next) => made.program.update(made.path, next) };
}

describe('closures that were made before an edit', () => {
  const text = (body: string): string => `var kept: [fn(int) -> int] = []
    fn make(a: int, b: int) { kept.push(fn(x: int) -> int { ${body} }) }
    fn f() -> int { return kept[0](1) }`;

  it('run its code, if that captures the same', async () => {
    const { call, edit } = await editing(text('return x + a * 10 + b * 100'));
    await call('make', 2n, 3n);
    expect(await call('f')).toBe(321n);
    await edit(text('return x - (a * 10 + b * 100)'));
    expect(await call('f')).toBe(-319n);
  });

  it('are errors, if it captures something else, and new ones are not', async () => {
    const { call, edit } = await editing(text('return x + a * 10 + b * 100'));
    await call('make', 2n, 3n);
    await edit(text('return x + a'));
    await expect(call('f')).rejects.toMatchObject({ code: 'FUNCTION_REMOVED' });
    await edit(`${text('return x + a')}\nfn clear() { kept = [] }`);
    await call('clear');
    await call('make', 5n, 6n);
    expect(await call('f')).toBe(6n);
  });
});

it('strings, structs and arrays stay what they are over many edits', async () => {
  const text = (mark: string): string => `struct P { name: string, next: P }
    var title = "first title"
    var all = [P("one", nil), P("two", P("three", nil))]
    fn f() -> string { return title + " ${mark} " + all[1].next.name + str(all.length) }
    fn grow() { all.push(P("${mark}", all[0])) 
      title += "${mark}" }`;
  const { call, edit } = await editing(text('0'));
  expect(await call('f')).toBe('first title 0 three2');
  let title = 'first title';
  for (let round = 1; round <= 20; round += 1) {
    await edit(text(String(round)).replaceAll('first', `other${String(round)}`));
    expect(await call('f')).toBe(`${title} ${String(round)} three${String(round + 1)}`);
    await call('grow');
    title += String(round);
  }
});

describe('an edit is refused, with its place, if it gives another meaning to', () => {
  it.each([
    ['struct P { x: int }', 'struct P { x: float }', '1:8: P', 'struct { x: int }'],
    [
      'fn f(x: int) -> int { return x }',
      'fn f(x: string) -> int { return x.length }',
      '1:4: f',
      'fn(int) -> int',
    ],
    ['let a = [1]', 'let a = ["1"]', '1:5: a', 'let of type [int], computed when it is first used'],
    ['let a = 1', 'var a = 1', '1:5: a', 'let of type int, a constant at the start'],
    ['extern fn cos(x: float) -> float', 'extern fn cos(x: float)', '1:11: cos', 'fn(float) -> float'],
  ])('%s', async (before, after, place, was) => {
    const { edit, call } = await editing(`${before}\nfn g() -> int { return 1 }`);
    const message = `main.rill:${place} can't change while the program runs: it is ${was}`;
    await expect(edit(`${after}\nfn g() -> int { return 2 }`)).rejects.toThrow(message);
    expect(await call('g')).toBe(1n);
    await edit(`${before}\nfn g() -> int { return 3 }`);
    expect(await call('g')).toBe(3n);
  });
});

it('a file that an editor replaces is taken, too', async () => {
  const { program, path, call } = await opening('fn f() -> int { return 1 }');
  let told: () => void = () => undefined;
  const watcher = new Watcher(program, () => {
    told();
  });
  onTestFinished(() => watcher.close());
  expect(await call('f')).toBe(1n);
  const taken = new Promise<void>((resolve) => {
    told = resolve;
  });
  writeFileSync(`${path}.new`, 'fn f() -> int { return 2 }');
  renameSync(`${path}.new`, path);
  await taken;
  expect(await call('f')).toBe(2n);
});
