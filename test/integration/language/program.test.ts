/** Programs of several files, functions of JS, debug info, the REPL and the command of the example language. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import llvm from 'llvm-bindings';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Loader } from '../../../examples/rill/loader.js';
import { emitModule } from '../../../examples/rill/module-emitter.js';
import { ProgramError } from '../../../examples/rill/program.js';
import { Session } from '../../../examples/rill/repl.js';
import { opening, written } from '../../support/rill.js';
import { llvmBin, scratch } from '../../support/toolchain.js';

describe('imports', () => {
  it('are modules of their own, found from the file that imports them, each once', async () => {
    const { call, program } = await opening({
      'main.rill':
        'import "lib/shapes"\nimport "lib/count"\nfn f() -> string { let s = shapes.Square(3)\nreturn str(shapes.area(s) + count.n) + str(shapes.scale) }',
      'lib/shapes.rill':
        'import "count"\nstruct Square { side: int }\nlet scale = 2.5\nfn area(s: Square) -> int { count.n += 1\nreturn s.side * s.side }',
      'lib/count.rill': 'var n = start()\nfn start() -> int { return 100 }',
    });
    expect(await call('f')).toBe('1102.5');
    expect(program.engine.snapshot().modules.map(({ name }) => name)).toEqual([
      'rill',
      'lib/count',
      'lib/shapes',
      'main',
    ]);
  });

  it('in a circle are refused where they close it, as is a file that is not there', async () => {
    const circle = {
      'main.rill': 'import "a"\nfn main() {}',
      'a.rill': 'import "b"',
      'b.rill': '\nimport "a"',
    };
    await expect(opening(circle)).rejects.toThrow(
      'b.rill:2:1: a imports itself: main > a > b\n  import "a"\n  ^',
    );
    await expect(opening('import "nowhere"')).rejects.toThrow('main.rill:1:1: there is no file nowhere.rill');
    await expect(opening({ 'main.rill': 'import "a"', 'a.rill': 'let x = y' })).rejects.toThrow(
      'a.rill:1:9: y is not known here',
    );
  });
});

describe.each(['inline', 'worker'] as const)('functions of JS, control %s', (control) => {
  const text = `extern fn log(s: string)
    extern fn ask(a: int, b: float, c: bool) -> string
    extern fn cos(x: float) -> float
    extern fn deny(x: int) -> bool
    fn f(n: int, x: float, b: bool, s: string) -> string {
      for i in 0..n { log(s + str(i)) }
      if deny(n) { return "denied" }
      return ask(n, x, b) + " " + str(cos(0.0))
    }`;

  it('get and give values, while the program waits; libc is there as well', async () => {
    const seen: unknown[] = [];
    const host = {
      log: (line: string) => void seen.push(line),
      ask: (...given: unknown[]) => {
        seen.push(given);
        return 'ünï';
      },
      deny: (x: bigint) => x > 2n,
    };
    const { call } = await opening(text, { host, engine: { control } });
    expect(await call('f', 2n, -0.5, true, 'é')).toBe('ünï 1');
    expect(seen).toEqual(['é0', 'é1', [2n, -0.5, true]]);
    expect(await call('f', 3n, 0, false, '')).toBe('denied');
    await expect(call('f', 1, 0, false, '')).rejects.toThrow('argument 1 must be of type int');
    await expect(call('f')).rejects.toThrow('it takes 4 arguments, not 0');
  });

  it('pass on what they throw, and the program can be called again', async () => {
    const host = {
      log: () => {
        throw new RangeError('no logs');
      },
      ask: () => '',
      deny: () => false,
    };
    const { call } = await opening(text, { host, engine: { control } });
    await expect(call('f', 1n, 0, false, '')).rejects.toThrow(new RangeError('no logs'));
    expect(await call('f', 0n, 0, false, '')).toBe(' 1');
  });

  it('can’t call the program that waits for them', async () => {
    let inner: Promise<unknown> = Promise.resolve();
    const { call } = await opening('extern fn again()\nfn f() { again() }', {
      host: {
        again: () => {
          inner = call('f');
          inner.catch(() => undefined);
        },
      },
      engine: { control },
    });
    await call('f');
    await expect(inner).rejects.toThrow(new ProgramError('the program is running'));
  });

  it('that nobody gives are an error of the link', async () => {
    await expect(
      opening('extern fn missing_()\nfn f() { missing_() }', { engine: { control } }),
    ).rejects.toMatchObject({ code: 'SYMBOL_UNRESOLVED' });
  });
});

it('debug info says which line code is from, and where variables are', () => {
  const path = written({ 'main.rill': 'fn f(x: int) -> int {\n  let twice = x * 2\n  return twice / x\n}' });
  const module = emitModule(new Loader(join(path, '..')).load(path));
  const file = join(scratch(), 'main');
  llvm.WriteBitcodeToFile(module, `${file}.bc`);
  execFileSync(join(llvmBin, 'clang'), ['-c', `${file}.bc`, '-o', `${file}.o`], { stdio: 'pipe' });
  const dump = (what: string): string =>
    execFileSync(join(llvmBin, 'llvm-dwarfdump'), [what, `${file}.o`], { encoding: 'utf8' });
  expect(dump('--debug-line')).toMatch(/0x\w+ +2 +\d+ +1 [\s\S]*0x\w+ +3 +\d+ +1 /);
  expect(dump('--debug-info')).toMatch(/DW_AT_linkage_name\s+\("main\.f"\)[\s\S]*"x"[\s\S]*"twice"/);
});

describe('the REPL', () => {
  it('keeps imports, and forgets what could not be linked', async () => {
    const seen: string[] = [];
    const folder = join(
      written({ 'more.rill': 'var n = 1', 'wrong.rill': 'extern fn absent_()\nfn f() { absent_() }' }),
      '..',
    );
    const session = new Session(folder, { host: { show: (line: string) => void seen.push(line) } });
    onTestFinished(() => session.dispose());
    await session.input('extern fn show(s: string)');
    const absent = { code: 'SYMBOL_UNRESOLVED' };
    await expect(session.input('extern fn absent_()\nabsent_()')).rejects.toMatchObject(absent);
    await expect(session.input('import "wrong"\nwrong.f()')).rejects.toMatchObject(absent);
    await session.input('import "more"\nmore.n += 1');
    await session.input('show(str(more.n))');
    expect(seen).toEqual(['2']);
  });

  it('keeps what inputs declare, also after one that is wrong', async () => {
    const seen: string[] = [];
    const session = new Session(scratch(), { host: { show: (line: string) => void seen.push(line) } });
    onTestFinished(() => session.dispose());
    const inputs = [
      'extern fn show(s: string)',
      'var n = 1',
      'fn add(x: int) -> int {\n  n += x\n  return n\n}',
      'show(str(add(4)))',
      'let g = fn() -> int { return add(10) }',
      'show(str(g() + n))',
      'fn add(x: int) -> int { return -x }',
      'for i in 0..2 { show(str(add(i)) + str(g())) }',
    ];
    for (const input of inputs) expect(await session.input(input)).toBe('done');
    expect(await session.input('fn open() {')).toBe('unfinished');
    await expect(session.input('nope')).rejects.toThrow('input9:1:1: nope is not known here');
    await expect(session.input('[1][n]')).rejects.toThrow(ProgramError);
    await session.input('show(str(n))');
    expect(seen).toEqual(['5', '30', '025', '-135', '35']);
  });
});
