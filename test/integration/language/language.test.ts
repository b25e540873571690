/** What the parts of the example language do when they run, at the lowest tier and at the highest. */
import { describe, expect, it } from 'vitest';
import { opening } from '../../support/rill.js';

describe.each(['baseline', 'peak'])('at tier %s', (tier) => {
  const options = { engine: { tiers: [tier], policy: 'never' } };
  const result = async (text: string): Promise<unknown> => (await opening(text, options)).call('f');

  it('ints wrap, shift and divide as 64 bits do, the least one too', async () => {
    const text = `fn f() -> string {
      let big = 9223372036854775807
      let least = -big - 1
      return str(big + 1) + " " + str(least / -1) + " " + str(least % -1) + " " + str(-7 / 2) + " " + str(-7 % 2)
        + " " + str(1 << 62) + " " + str(least >> 63) + " " + str(0xff & 12 | 3 ^ 1) + " " + str(1 << 65)
    }`.replace(/\n +\+/, ' +');
    expect(await result(text)).toBe(
      '-9223372036854775808 -9223372036854775808 0 -3 -1 4611686018427387904 -1 14 2',
    );
  });

  it('floats are doubles, and turn into ints without surprises', async () => {
    const text = `fn f() -> string {
      let nan = 0.0 / 0.0
      return str(0.1 + 0.2) + " " + str(1.5e300 * 1.0e10) + " " + fixed(2.0 / 3.0, 3) + " " + str(sqrt(2.0)) + " " + str(int(1.0e30)) + " " + str(int(nan)) + " " + str(int(-2.7)) + " " + str(nan == nan) + str(nan != nan)
    }`;
    expect(await result(text)).toBe(
      '0.30000000000000004 1.5e+310 0.667 1.4142135623730951 9223372036854775807 0 -2 falsetrue'.replace(
        '1.5e+310',
        'inf',
      ),
    );
  });

  it('strings: bytes, slices, comparison, and text that is not ASCII', async () => {
    const text = `fn f() -> string {
      let s = "héllo" + chr(33)
      var out = str(s.length) + slice(s, 0, 3) + str(s[0])
      if s == "héllo!" && s != "hello!" { out += "\\tsame\\n" }
      return out + "100%"
    }`;
    expect(await result(text)).toBe('7hé104\tsame\n100%');
  });

  it('arrays grow, shrink, hold arrays, and are gone through as long as they are', async () => {
    const text = `fn f() -> int {
      let grid: [[int]] = []
      for y in 0..10 {
        grid.push([])
        for x in 0..y { grid[y].push(x * y) }
      }
      var sum = 0
      for row in grid { for cell in row { sum += cell } }
      let queue = [1]
      for item in queue { if queue.length < 6 { queue.push(item * 2) } }
      return sum * 1000 + queue.pop() + queue.length + array(5, true).length
    }`;
    expect(await result(text)).toBe(870n * 1000n + 32n + 5n + 5n);
  });

  it('closures share variables, take constants with them, nest, and are values', async () => {
    const text = `struct Counter { next: fn() -> int, reset: fn(int) }
    fn counter(step: int) -> Counter {
      var n = 0
      return Counter(fn() -> int { n += step
        return n }, fn(to: int) { n = to })
    }
    fn twice(g: fn(int) -> int) -> fn(int) -> int { return fn(x: int) -> int { return g(g(x)) } }
    fn increment(x: int) -> int { return x + 1 }
    fn f() -> int {
      let a = counter(1)
      let b = counter(10)
      a.next()
      b.next()
      a.reset(5)
      let all: [fn() -> int] = []
      for i in 0..3 { all.push(fn() -> int { return fn() -> int { return i * 100 + a.next() }() }) }
      var sum = 0
      for g in all { sum += g() }
      return sum * 1000 + b.next() * 10 + twice(twice(increment))(1)
    }`;
    expect(await result(text)).toBe(321_205n);
  });

  it('assignments find their place once; conditions stop early; loops break and continue', async () => {
    const text = `var calls = 0
    fn at() -> int { calls += 1
      return 0 }
    fn never() -> bool { return 1 / 0 == 0 }
    fn f() -> int {
      let a = [1]
      a[at()] += 5
      if false && never() || true || never() { a[0] *= 2 }
      for i in 0..10 {
        if i % 2 == 0 { continue }
        if i > 6 { break }
        a[0] += i
      }
      return a[0] * 10 + calls
    }`;
    expect(await result(text)).toBe(211n);
  });

  it('module variables are initialised at their first use, constants at once', async () => {
    const text = `var log = ""
    fn note(s: string) -> int { log += s
      return log.length }
    var first = note("a")
    let second = note("b") + first
    let limit = -3
    var rate = 1.5
    fn f() -> string { log += "c"
      let sum = second + second + first
      rate += 1.0
      return log + str(sum) + str(limit) + str(rate) }`;
    expect(await result(text)).toBe('cba13-32.5');
  });

  it.each([
    ['[1, 2][2]', 'index 2 is outside of a length of 2'],
    ['[1][-1]', 'index -1 is outside of a length of 1'],
    ['"ab"[9]', 'index 9 is outside of a length of 2'],
    ['1 / zero', 'division by zero'],
    ['1 % zero', 'division by zero'],
    ['none().x', 'this is nil'],
    ['empty().pop()', 'pop of an empty array'],
    ['slice("abc", 2, 1).length', 'no slice goes from 2 to 1'],
    ['array(-1, 0).length', "an array can't have -1 elements"],
    ['broken', 'broken has no value: it needs itself, or finding it failed before'],
  ])('%s ends the program with an error that shows the place', async (expression, message) => {
    const text = `struct P { x: int }
    var zero = 0
    fn none() -> P { return nil }
    fn empty() -> [int] { return [] }
    let broken = ask()
    fn ask() -> int { return broken }
    fn f() -> int {
      return ${expression}
    }
    fn g() -> int { return 7 }`;
    const { call } = await opening(text, options);
    const shown = new RegExp(`^main\\.rill:\\d+:\\d+: ${message.replaceAll('.', '\\.')}\n +.*\n +\\^$`);
    await expect(call('f')).rejects.toThrow(shown);
    expect(await call('g')).toBe(7n);
  });

  it('a recursion without end is an error that names the function, and the program can be called again', async () => {
    const text = `fn f(n: int) -> int { return f(n + 1) * 3 + f(n + 2) }
    fn g() -> int { return array(100, 7)[99] }`;
    const { call } = await opening(text, options);
    const details = expect.objectContaining({ function: 'main.f', module: 'main' }) as unknown;
    await expect(call('f', 1n)).rejects.toMatchObject({ code: 'TRAPPED', details });
    expect(await call('g')).toBe(7n);
  });

  it('memory: what is reachable stays, the rest is used again', async () => {
    const text = `struct Node { value: int, text: string, next: Node, more: [int] }
    var kept: Node = nil
    fn build(n: int) -> Node {
      var list: Node = nil
      for i in 0..n { list = Node(i, "node " + str(i), list, [i, i * i]) }
      return list
    }
    fn sum(list: Node) -> int {
      var at = list
      var total = 0
      while at != nil {
        if at.text != "node " + str(at.value) || at.more[1] != at.value * at.value { return -1 }
        total += at.value
        at = at.next
      }
      return total
    }
    fn f() -> int {
      kept = build(2000)
      let held = fn() -> int { return sum(kept) }
      var total = 0
      for i in 0..150 {
        total += sum(build(2000))
        total += array(50000, i)[7] - i
      }
      return total + held()
    }`;
    const { call, program } = await opening(text, options);
    for (let pass = 0; pass < 3; pass += 1) expect(await call('f')).toBe(151n * 1_999_000n);
    // 500 MB were allocated; what was live at the last collection is far less than what starts one.
    expect(Number(program.engine.fn('rill_live')())).toBeGreaterThan(100_000);
    expect(Number(program.engine.fn('rill_live')())).toBeLessThan(2 ** 25);
  });
});
