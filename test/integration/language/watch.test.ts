/** Editing a program of the example language while it runs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { editableTiers } from '../../../examples/rill/program.js';
import { Watcher } from '../../../examples/rill/watch.js';
import { opening } from '../../support/rill.js';

/** Beats until it is told to stop; what it says comes from another file, and its state from here. */
const main = (step: string, more = ''): string => `import "words"
extern fn beat(text: string) -> bool
struct Seen { text: string }
var count = 0
var last = Seen("")
${more}
fn say() -> string { count += ${step}
  last = Seen(words.prefix + str(count))
  return words.greet(last.text) }
fn main() { while beat(say()) { } }`;
const words = (prefix: string, mark: string): string =>
  `let prefix = "${prefix}"\nfn greet(text: string) -> string { return text + "${mark}" }`;

/** A program that runs and is watched; `until` waits for a beat that fits, and gives the time it came. */
async function running(control: 'inline' | 'worker') {
  const beats: string[] = [];
  let stop = false;
  let heard: (() => void) | undefined;
  const host = {
    beat: (text: string) => {
      beats.push(text);
      heard?.();
      return !stop;
    },
  };
  const files = { 'main.rill': main('1'), 'words.rill': words('n', '!') };
  const { program, path, call } = await opening(files, { host, engine: { control, tiers: editableTiers } });
  const told: string[] = [];
  let toldOne: (() => void) | undefined;
  const watcher = new Watcher(program, (line) => {
    told.push(line);
    toldOne?.();
  });
  const ended = call('main');
  onTestFinished(async () => {
    stop = true;
    await ended;
    await watcher.close();
  });
  const until = (pattern: RegExp): Promise<number> =>
    new Promise((resolve) => {
      heard = () => {
        if (!pattern.test(beats.at(-1) ?? '')) return;
        heard = undefined;
        resolve(performance.now());
      };
    });
  const tidings = (): Promise<void> =>
    new Promise((resolve) => {
      toldOne = resolve;
    });
  const write = (name: string, text: string): void => {
    writeFileSync(join(path, '..', name), text);
  };
  return { beats, told, until, tidings, write };
}

describe.each(['inline', 'worker'] as const)('a program that is watched, control %s', (control) => {
  it('runs new code soon after an edit, and keeps its variables', async () => {
    const { beats, until, write } = await running(control);
    await until(/^n500!$/);
    const startedAt = performance.now();
    write('main.rill', main('1000000'));
    const ms = (await until(/^n\d{7,}!$/)) - startedAt;
    // What it counted so far is in the sum.
    expect(Number(/\d+/.exec(beats.at(-1) ?? '')?.[0]) % 1_000_000).toBeGreaterThanOrEqual(500);
    expect(ms).toBeLessThan(1000);
    console.log(`control ${control}: new code ran ${ms.toFixed(0)} ms after the edit`);
  });

  it('takes edits of imported files: functions, constants, new variables, new imports', async () => {
    const { until, write } = await running(control);
    await until(/!$/);
    write('words.rill', words('n', '?'));
    await until(/^n\d+\?$/);
    write('words.rill', words('m', '?'));
    await until(/^m\d+\?$/);
    write('more.rill', 'var all = [7, 8]');
    write(
      'main.rill',
      main('more.all[1] * 10000000 + extra.length', 'import "more"\nvar extra = array(100, 0)'),
    );
    await until(/^m\d{8,}\?$/);
  });

  it('shows what is wrong in an edit, and runs the old code on', async () => {
    const { told, until, tidings, write, beats } = await running(control);
    await until(/!$/);
    const wrong = [
      [main('"x"'), /^main\.rill:7:\d+: \+ can't be used with int and string\n/],
      [main('1').replace('say() ->', 'say( ->'), /^main\.rill:7:9: expected a parameter/],
      [
        main('1', 'fn start() -> int { return 1 }').replace('var count = 0', 'var count = start()'),
        /^main\.rill:4:5: count can't change while the program runs: it is var of type int, a constant at the start/,
      ],
      [
        main('1')
          .replace('text: string }', 'text: string, size: int }')
          .replace('Seen("")', 'Seen("", 0)')
          .replace('(count))', '(count), 0)'),
        /^main\.rill:3:8: Seen can't change while the program runs/,
      ],
    ] as const;
    for (const [text, message] of wrong) {
      const said = tidings();
      write('main.rill', text);
      await said;
      expect(told.at(-1)).toMatch(message);
      expect(told.at(-1)).toMatch(/\nThe old code runs on\.$/);
    }
    const before = beats.length;
    await until(/^n\d+!$/);
    expect(beats.length).toBeGreaterThan(before);
    write('main.rill', main('5000000'));
    await until(/^n\d{7,}!$/);
  });

  it('takes edits in a loop that was left for better code while it ran', async () => {
    const text = (step: string): string => `extern fn beat(total: int) -> bool
      var total = 0
      fn step() -> int { return ${step} }
      fn main() {
        for i in 1..9000000000000 {
          total += step()
          if i % 1000000 == 0 { if !beat(total) { return } }
        }
      }`;
    let last = 0n;
    let wanted = 1n;
    let beats = 0;
    let seen: () => void = () => undefined;
    const beat = (total: bigint): boolean => {
      beats += 1;
      if (total - last === wanted * 1_000_000n) seen();
      last = total;
      return wanted !== 0n;
    };
    const until = (step: bigint): Promise<void> => {
      wanted = step;
      return new Promise((resolve) => {
        seen = resolve;
      });
    };
    const { program, path, call } = await opening(text('1'), {
      host: { beat },
      engine: { control, tiers: editableTiers },
    });
    const continued = new Promise((resolve) => program.engine.on('continued', resolve));
    const ended = call('main');
    await continued;
    await until(1n);
    await program.update(path, text('2'));
    await until(2n);
    await program.update(path, text('3'));
    await until(3n);
    wanted = 0n;
    await ended;
    expect(beats).toBeGreaterThan(2);
  });
});
