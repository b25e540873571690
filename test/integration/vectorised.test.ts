/** Where LLVM is wrong about vectors: loops that its vectoriser must leave alone, and registers that a call does not keep. */
import { expect, it } from 'vitest';
import { baseline, peak } from '../../src/index.js';
import { engineFor } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const chain = (pragma: string): string => `
  #include <alloca.h>
  struct node { struct node *next; int value; };
  int chain(int n) {
    struct node *head = 0;
    ${pragma}
    for (int i = 0; i < n; i++) {
      struct node *node = alloca(sizeof *node);
      node->next = head; node->value = i; head = node; }
    int sum = 0, count = 0;
    for (; head && count < 1000; head = head->next, count++) sum += head->value;
    return sum; }
  int plain(const int *p, int n) { int sum = 0; for (int i = 0; i < n; i++) sum += p[i]; return sum; }`;

it.each([
  ['as it is', ''],
  ['asked for by a pragma', '#pragma clang loop vectorize(enable) vectorize_width(4)'],
  ['interleaved by a pragma', '#pragma clang loop vectorize(enable) vectorize_width(1) interleave_count(4)'],
])('a loop that takes memory from the stack in each round is right, %s', async (_, pragma) => {
  const engine = engineFor({ unit: 'function' });
  engine.addModule('chain', bitcode(chain(pragma)));
  await engine.link();
  for (const tier of ['baseline', 'quick', 'optimized', 'peak']) {
    await engine.recompile('chain', tier);
    expect([tier, engine.fn('chain')(100)]).toEqual([tier, 4950]);
  }
  // And other loops are vectorised as before.
  const { instructions } = await engine.disassemble('plain', 'peak');
  expect(instructions.map(({ text }) => text).join('\n')).toMatch(/\bv?paddd\b/);
});

it('what is held in registers that only AVX-512 has outlives the making of thread-locals', async () => {
  // LLVM 22 keeps the first value of `d` in xmm16 over the call of __tls_get_addr, which makes a large block.
  const source = bitcode(
    `static _Thread_local unsigned mine = 3, room[4096] = { 1 }; static double d = 0.5;
    unsigned first(unsigned x) {
      unsigned a = x + (unsigned)(d * 4); mine += x & 15; d = d * 0.5 + (a & 63);
      return a + (unsigned)(d * 1000) + mine + room[x & 7];
    }`,
    ['-ffp-contract=off'],
  );
  const results = await Promise.all(
    [baseline, peak].map(async (tier) => {
      const engine = engineFor({ tiers: [tier] });
      engine.addModule('locals', source);
      await engine.link();
      return [5, 6, 7].map((x) => engine.fn('first')(x));
    }),
  );
  expect(results[1]).toEqual(results[0]);
});
