/** Functions that the source does not name: passes make them, of coroutines at ingest and of others in a compile. */
import { describe, expect, it } from 'vitest';
import { inspectModule } from '../../src/index.js';
import { engineFor, linkages } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** A body that is large enough to be specialised for the functions it is given. */
const steps = Array.from(
  { length: 80 },
  (_, n) =>
    `s += f(i ^ ${String(n)}) * ${String(n + 3)}; if (s % ${String(n + 5)} == 1) s ^= g((int)s + ${String(n)});`,
).join(' ');
const specialised = `
  int plus(int x) { return x + 1; } int minus(int x) { return x - 1; }
  __attribute__((noinline)) long work(long n, int (*f)(int), int (*g)(int)) {
    long s = 0; for (long i = 0; i < n; i++) { ${steps} } return s; }
  long go(int n) { return n > 5 ? work(n * 10, plus, minus) : work(n, minus, plus); }`;

const generator = `
  #include <coroutine>
  struct Numbers {
    struct promise_type {
      Numbers get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
      std::suspend_always initial_suspend() noexcept { return {}; }
      std::suspend_always final_suspend() noexcept { return {}; }
      std::suspend_always yield_value(long n) { now = n; return {}; }
      void return_void() {}
      void unhandled_exception() {}
      long now = 0;
    };
    std::coroutine_handle<promise_type> handle;
  };
  Numbers numbers(long n) { for (long kept[9] = {n};; kept[n % 9]++) co_yield n++ + kept[0]; }
  extern "C" void *begin(long n) { return numbers(n).handle.address(); }
  extern "C" long next(void *frame) {
    auto handle = std::coroutine_handle<Numbers::promise_type>::from_address(frame);
    handle.resume();
    return handle.promise().now; }
  extern "C" void end(void *frame) { std::coroutine_handle<>::from_address(frame).destroy(); }`;

describe.each(linkages)('with linkage %s', (linkage) => {
  it('a function that is specialised at a tier with counters is not counted itself', async () => {
    const engine = engineFor({ linkage });
    engine.addModule('a', bitcode(specialised));
    await engine.link();
    const first = engine.fn('go')(9);
    for (const tier of ['quick', 'optimized', 'peak', 'optimized']) {
      await engine.recompile('a', tier);
      expect(engine.fn('go')(9)).toBe(first);
    }
  });

  it('I5: a coroutine that was begun at one tier goes on at every other, after its code has moved', async () => {
    const engine = engineFor({ linkage });
    engine.addModule('a', bitcode(generator, ['-x', 'c++', '-std=c++20']));
    await engine.link();
    const begin = () => engine.fn('begin')(100n) as bigint;
    const frames = [begin()];
    let rounds = 0n;
    for (const tier of ['baseline', 'quick', 'optimized', 'peak', 'baseline']) {
      await engine.recompile('a', tier);
      engine.move('a');
      engine.reclaim();
      // No version but the newest is left; what the frames hold has to lead there.
      expect(engine.snapshot().retired).toEqual([]);
      frames.push(begin());
      rounds += 1n;
      const model = begin();
      let expected = 0n;
      for (let step = 0n; step < rounds; step += 1n) expected = engine.fn('next')(model) as bigint;
      expect(engine.fn('next')(frames[0] ?? 0n)).toBe(expected);
      engine.fn('end')(model);
    }
    for (const frame of frames) engine.fn('end')(frame);
  });
});

it('the parts of a coroutine are functions of the module', () => {
  const { symbols } = inspectModule('a', bitcode(generator, ['-x', 'c++', '-std=c++20']));
  const names = symbols
    .map(({ name }) => name)
    .filter((name) => /^_Z7numbersl\.(resume|destroy)\.m/.test(name));
  expect(names).toHaveLength(2);
});
