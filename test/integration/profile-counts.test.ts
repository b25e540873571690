import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createEngine,
  type Engine,
  type FunctionProfile,
  type Profile,
  readProfile,
} from '../../src/index.js';
import { nameHash } from '../../src/profile/record.js';
import { engineFor } from '../support/engine.js';
import { bitcode, llvmBin, scratch } from '../support/toolchain.js';

const main = `
#include <stddef.h>
#include <string.h>
static int twice(int x) { return 2 * x; }
static int thrice(int x) { return 3 * x; }
int never(int x) { return x; }
__attribute__((noinline)) static int apply(int (*f)(int), int x) { return f(x); }
__attribute__((noinline)) static int kind(int x) {
  switch (x % 5) { case 0: return 7; case 1: case 2: return x; case 3: return -x; default: return 1; }
}
char from[600], to[600];
volatile int zero;
int work(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) {
    sum += apply(i % 10 == 0 ? thrice : twice, i) + kind(i);
    if (__builtin_expect(i % 100 == 3, 0)) sum ^= i; 
    memcpy(to, from, (size_t)(i % 3 == 0 ? 4 : 300) + (size_t)zero);
    sum += i > 40 && sum > 10 ? 1 : 2;
  }
  return sum;
}
`;

/** Everything at the tier that collects. */
async function collecting(source: Uint8Array, unit: 'module' | 'function'): Promise<Engine> {
  const engine = engineFor({ tiers: ['quick', 'optimized'], unit });
  engine.addModule('work.c', source);
  await engine.link();
  return engine;
}

const byName = (profile: Profile): Map<string, FunctionProfile> =>
  new Map(profile.functions.map((record) => [record.name.replace(/^.*;/, ''), record]));

/** In the place of LLVM's runtime: prints the counters that LLVM's own lowering left, a function a line. */
const runtime = `
#include <stdint.h>
#include <stdio.h>
struct data { uint64_t name, hash; int64_t counters, bitmap; void *function, *values; uint32_t count; uint16_t sites[3]; uint32_t bits; };
extern struct data __start___llvm_prf_data[], __stop___llvm_prf_data[];
void __llvm_profile_instrument_target(uint64_t value, void *data, uint32_t site) {}
void __llvm_profile_instrument_memop(uint64_t value, void *data, uint32_t site) {}
int work(int);
int main(void) {
  work(1000);
  for (struct data *d = __start___llvm_prf_data; d != __stop___llvm_prf_data; d++) {
    printf("%lu %lu", d->name, d->hash);
    for (uint32_t i = 0; i < d->count; i++) printf(" %lu", ((uint64_t *)((char *)d + d->counters))[i]);
    printf("\\n");
  }
}
`;

/** What the same program counts when LLVM instruments it, by hash of the name: hash of the flow, then counters. */
function ofLlvm(module: Uint8Array): Map<bigint, readonly bigint[]> {
  const folder = scratch();
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('main.bc'), module);
  writeFileSync(path('runtime.c'), runtime);
  const passes = '-passes=function(lower-expect),pgo-instr-gen,instrprof';
  execFileSync(join(llvmBin, 'opt'), [passes, path('main.bc'), '-o', path('counting.bc')]);
  execFileSync(join(llvmBin, 'clang'), [path('counting.bc'), path('runtime.c'), '-o', path('program')]);
  const printed = execFileSync(path('program'), [], { encoding: 'utf8' });
  const rows = printed
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(BigInt));
  return new Map(rows.map(([name = 0n, ...rest]) => [name, rest]));
}

describe('what the tier quick counts', () => {
  it.each(['module', 'function'] as const)(
    'is to the last one what instrumentation by LLVM alone counts, in units of one %s',
    async (unit) => {
      const module = bitcode(main);
      const engine = await collecting(module, unit);
      engine.fn('work')(1000);
      const ours = byName(engine.profile());
      const theirs = ofLlvm(module);
      for (const name of ['twice', 'thrice', 'apply', 'kind', 'work']) {
        const record = ours.get(name);
        expect([name, record?.hash, ...(record?.counts ?? [])]).toEqual([
          name,
          ...(theirs.get(nameHash(record?.name ?? '')) ?? []),
        ]);
      }
      expect(ours.has('never')).toBe(false);
      const targetOf = (name: string): bigint => nameHash(ours.get(name)?.name ?? '');
      expect(ours.get('apply')?.calls).toEqual([
        [
          { value: targetOf('twice'), count: 900n },
          { value: targetOf('thrice'), count: 100n },
        ],
      ]);
      // A size from 9 on stands for its range.
      expect(ours.get('work')?.sizes).toEqual([
        [
          { value: 257n, count: 666n },
          { value: 4n, count: 334n },
        ],
      ]);
    },
  );
});

describe('a profile that is none', () => {
  const refused = (reason: RegExp): unknown =>
    expect.objectContaining({ code: 'PROFILE_INVALID', message: expect.stringMatching(reason) as unknown });
  const merge = (text: string): string => {
    const folder = scratch();
    writeFileSync(join(folder, 'text'), text);
    execFileSync(join(llvmBin, 'llvm-profdata'), ['merge', join(folder, 'text'), '-o', join(folder, 'out')]);
    return join(folder, 'out');
  };

  it.each<[string, () => string | Uint8Array, RegExp]>([
    ['a file that is not there', () => '/no/such.profdata', /ENOENT/],
    ['other bytes', () => new Uint8Array(64), /no indexed profile/],
    ['one of source code', () => merge('f\n1\n1\n5\n'), /edges of IR/],
    ['one with other counters', () => merge(':ir\n:entry_first\nf\n1\n1\n5\n'), /entries or loops/],
    ['a damaged one', () => readFileSync(merge(':ir\nf\n1\n1\n5\n')).subarray(0, 90), /./],
  ])('is refused: %s', (_, source, reason) => {
    const given = source();
    expect(() => readProfile(given)).toThrow(refused(reason));
    expect(() => createEngine({ profile: given })).toThrow(refused(reason));
  });
});

describe('a saved profile', () => {
  it('is read by llvm-profdata, which counts the same', async () => {
    const engine = await collecting(bitcode(main), 'function');
    engine.fn('work')(500);
    const file = join(scratch(), 'out.profdata');
    engine.profile().save(file);
    const shown = execFileSync(
      join(llvmBin, 'llvm-profdata'),
      ['show', '--all-functions', '--counts', '--ic-targets', '--memop-sizes', file],
      {
        encoding: 'utf8',
      },
    );
    expect(shown).toContain('Instrumentation level: IR');
    expect(shown).toMatch(
      /twice:\n\s+Hash: 0x[0-9a-f]+\n\s+Counters: 1\n\s+Indirect.*\n\s+Block counts: \[450\]/,
    );
    expect(shown).toMatch(/twice, +450 \] \(90/);
    const again = readProfile(readFileSync(file));
    expect(byName(again)).toEqual(byName(engine.profile()));
  });
});
