/** What goes from JS to compiled code and back: strings, structs, i64 as number, and calls that somebody stops waiting for. */
import { describe, expect, it } from 'vitest';
import { addressOf, type ErrorCode, type Engine, readMemory, struct } from '../../src/index.js';
import { engineFor } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const withCode = (code: ErrorCode, details: object = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as unknown });

async function engineWith(source: string, flags: readonly string[] = []): Promise<Engine> {
  const engine = engineFor();
  engine.addModule('m', bitcode(source, flags));
  await engine.link();
  return engine;
}

describe('a string', () => {
  const source = `#include <string.h>
    long length(const char *s) { return strlen(s); }
    int second(const char *a, const char *b) { return b[0] * 256 + a[0]; }
    void change(char *s) { s[0] = 'x'; }`;

  it('is passed as UTF-8 that lasts for the call', async () => {
    const engine = await engineWith(source);
    const length = engine.fn('length');
    expect(length('')).toBe(0n);
    expect(length('grüße 🙂')).toBe(BigInt(Buffer.byteLength('grüße 🙂')));
    expect(length('y'.repeat(100_000))).toBe(100_000n);
    expect(engine.fn('second')('a', 'b')).toBe(98 * 256 + 97);
    const text = 'unchanged';
    engine.fn('change')(text);
    expect(text).toBe('unchanged');
    expect(await length.async('for as long as it takes')).toBe(23n);
  });

  it('with a zero character is refused, as it would end there', async () => {
    const engine = await engineWith(source);
    expect(() => engine.fn('length')('a\0b')).toThrow(withCode('ARGUMENT_INVALID', { index: 0 }));
  });
});

it.each([{}, { road: 'napi' }] as const)('a callable has a name and a length (%o)', async (options) => {
  const engine = await engineWith('int add(int a, int b) { return a + b; } int none(void) { return 1; }');
  const [add, none] = [engine.fn('add', options), engine.fn('none', options)];
  expect([add.name, add.length, add(2, 3)]).toEqual(['add', 2, 5]);
  expect([none.name, none.length, none()]).toEqual(['none', 0, 1]);
});

describe('i64', () => {
  const source = 'long same(long x) { return x; }';

  it('is seen as a number on request, which is checked', async () => {
    const engine = await engineWith(source);
    const same = engine.fn('same', { i64: 'number' });
    expect([same(5), same(-7n), same(2 ** 53 - 1)]).toEqual([5, -7, 2 ** 53 - 1]);
    expect(same.signature).toBe('i64 (i64)');
    const tooLarge = withCode('RESULT_INVALID', { symbol: 'same', found: '9007199254740992' });
    expect(() => same(2n ** 53n)).toThrow(tooLarge);
    await expect(same.async(2n ** 53n)).rejects.toThrow(tooLarge);
    expect(await same.async(12n)).toBe(12);
    expect(engine.fn('same')(5)).toBe(5n);
  });

  it('as anything else is OPTION_INVALID', async () => {
    const engine = await engineWith(source);
    expect(() => engine.fn('same', { i64: 'string' as never })).toThrow(withCode('OPTION_INVALID'));
  });
});

describe('a struct', () => {
  const Inner = struct({ tag: 'i8', value: 'i64' });
  const Outer = struct({
    a: 'u8',
    b: 'double',
    c: 'i16',
    inner: Inner,
    list: ['i32', 3],
    p: 'ptr',
    f: 'float',
    ok: 'bool',
  });

  it("lies as C's compiler lays it out", async () => {
    const engine = await engineWith(`
      #include <stddef.h>
      #include <stdbool.h>
      struct inner { signed char tag; long value; };
      struct outer { unsigned char a; double b; short c; struct inner inner; int list[3]; void *p; float f; bool ok; };
      const long layout[] = { sizeof(struct outer), _Alignof(struct outer), offsetof(struct outer, a), offsetof(struct outer, b),
        offsetof(struct outer, c), offsetof(struct outer, inner), offsetof(struct outer, list), offsetof(struct outer, p),
        offsetof(struct outer, f), offsetof(struct outer, ok) };
      const long *get(void) { return layout; }
      double sum(struct outer *o) {
        double all = o->a + o->b + o->c + o->inner.tag + o->inner.value + o->list[0] + o->list[1] + o->list[2] + o->f + o->ok;
        o->list[1] = 77; o->inner.value = -1; o->b = 0.25; o->p = o;
        return all;
      }`);
    const address = engine.fn('get')() as bigint;
    const layout = new BigInt64Array(readMemory(address, 80).slice().buffer);
    expect([...layout].map(Number)).toEqual([Outer.size, Outer.alignment, ...Object.values(Outer.offsets)]);
    const outer = Outer.create({
      a: 200,
      b: 1.5,
      c: -3,
      inner: { tag: -4, value: 50n },
      list: [1, 2, 3],
      f: 0.5,
      ok: true,
    });
    expect(engine.fn('sum')(outer.bytes)).toBe(200 + 1.5 - 3 - 4 + 50 + 6 + 0.5 + 1);
    expect([outer.list[1], outer.inner.value, outer.b, outer.p]).toEqual([
      77,
      -1n,
      0.25,
      addressOf(outer.bytes),
    ]);
    outer.list[2] = 9;
    outer.inner.tag = 5;
    expect({ list: [...outer.list], tag: outer.inner.tag }).toEqual({ list: [1, 77, 9], tag: 5 });
  });

  it('in bytes that are there shares them', () => {
    const bytes = new Uint8Array(64);
    const inner = Inner.at(bytes, 16);
    inner.value = 258n;
    expect([...bytes.subarray(24, 27)]).toEqual([2, 1, 0]);
    expect(() => Inner.at(bytes, 60)).toThrow(withCode('ARGUMENT_INVALID'));
  });

  it.each([
    [{ a: 256 }, 'a'],
    [{ b: 'x' }, 'b'],
    [{ list: [1, 2] }, 'list'],
    [{ list: [1, 2, 2.5] }, 'list[2]'],
    [{ inner: { tag: 200 } }, 'tag'],
    [{ p: -1n }, 'p'],
    [{ nothing: 1 }, 'nothing'],
  ])('refuses %o', (values, symbol) => {
    expect(() => Outer.create(values as never)).toThrow(withCode('ARGUMENT_INVALID', { symbol }));
  });

  it('of unknown types is OPTION_INVALID', () => {
    expect(() => struct({ x: 'int' as 'i32' })).toThrow(withCode('OPTION_INVALID', { option: 'struct.x' }));
    expect(() => struct({ x: ['i32', 0] })).toThrow(withCode('OPTION_INVALID'));
  });
});

it('memory at no address is refused', () => {
  expect(() => readMemory(0n, 8)).toThrow(withCode('ARGUMENT_INVALID'));
  expect(() => readMemory(4096n, -1)).toThrow(withCode('ARGUMENT_INVALID'));
});

describe('a call that somebody stops waiting for', () => {
  const source =
    'volatile int go = 1; long wait(long x) { while (go) ; return x; } void stop(void) { go = 0; }';

  it('rejects with the reason of the signal, and goes on', async () => {
    const engine = await engineWith(source);
    const wait = engine.fn('wait');
    const abort = new AbortController();
    const pending = wait.abortable(abort.signal, 1);
    const whole = wait.async(2);
    abort.abort(new RangeError('enough'));
    await expect(pending).rejects.toThrow(new RangeError('enough'));
    await expect(engine.dispose()).rejects.toThrow(withCode('ENGINE_BUSY'));
    engine.fn('stop')();
    expect(await whole).toBe(2n);
    await expect(wait.abortable(abort.signal, 3)).rejects.toThrow('enough');
    expect(await wait.abortable(new AbortController().signal, 4)).toBe(4n);
    while (engine.snapshot().mutatorsInside > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('a callable', () => {
  it('says by which road it is called, and refuses too few and too many arguments of any number', async () => {
    const types = Array.from({ length: 9 }, (_, n) =>
      Array.from({ length: n }, (_none, i) => `int a${String(i)}`),
    );
    const engine = await engineWith(
      types
        .map(
          (list, n) =>
            `int f${String(n)}(${list.join(', ') || 'void'}) { return ${['0', ...list.map((_, i) => `a${String(i)}`)].join(' + ')}; }`,
        )
        .join('\n'),
    );
    for (const n of types.keys()) {
      const f = engine.fn(`f${String(n)}`);
      expect(f.road).toBe(engine.snapshot().control === 'inline' ? 'napi' : 'fast');
      const args = Array.from({ length: n }, (_, i) => i + 1);
      expect(f(...args)).toBe((n * (n + 1)) / 2);
      expect(() => f(...args, 1)).toThrow(withCode('ARGUMENT_INVALID', { index: n, found: 'the number 1' }));
      if (n > 0) {
        expect(() => f(...args.slice(1))).toThrow(
          withCode('ARGUMENT_INVALID', { index: n - 1, found: 'missing' }),
        );
      }
    }
  });
});

describe('calls by fn.async', () => {
  it('find a thread as a new one would be: thread-locals, their destructors, no signal blocked', async () => {
    const engine = await engineWith(
      `#include <pthread.h>
       #include <signal.h>
       static int ended;
       struct Local { int count = 5; ~Local() { ended += count; } };
       static thread_local Local local;  static thread_local int plain = 7;
       extern "C" int endedSum() { return ended; }
       extern "C" int call() {
         sigset_t set;  pthread_sigmask(SIG_BLOCK, nullptr, &set);
         const int blocked = sigismember(&set, SIGUSR1) + sigismember(&set, SIGPROF);
         sigfillset(&set);  pthread_sigmask(SIG_BLOCK, &set, nullptr);
         return ++local.count * 1000 + ++plain * 10 + blocked; }`,
      ['-x', 'c++'],
    );
    const [call, ended] = [engine.fn('call'), engine.fn('endedSum')];
    for (let round = 1; round <= 20; round += 1) {
      expect(await call.async()).toBe(6080);
      expect(ended()).toBe(6 * round);
    }
    expect(await Promise.all(Array.from({ length: 50 }, () => call.async()))).toEqual(Array(50).fill(6080));
    expect(ended()).toBe(6 * 70);
  });

  it('may wait for one another, however many they are', async () => {
    const engine = await engineWith(`
      #include <pthread.h>
      static pthread_barrier_t barrier;
      void prepare(int n) { pthread_barrier_init(&barrier, 0, n); }
      int meet(int n) { pthread_barrier_wait(&barrier); return n; }`);
    for (const count of [2, 40, 3, 80]) {
      engine.fn('prepare')(count);
      const numbers = Array.from({ length: count }, (_, n) => n);
      expect(await Promise.all(numbers.map((n) => engine.fn('meet').async(n)))).toEqual(numbers);
    }
  });

  it('that end their thread leave the others to go on', async () => {
    const engine = await engineWith(`
      #include <pthread.h>
      int call(int n) { if (n % 3 == 0) pthread_exit(0); return n; }`);
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((n) => engine.fn('call').async(n)));
      const seen = results.map((result) => (result.status === 'fulfilled' ? result.value : 'ended'));
      expect(seen).toEqual(['ended', 1, 2, 'ended', 4, 5]);
    }
  });
});
