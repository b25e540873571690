/** Calls of functions that are not compiled yet: arguments, waiting, failures, signals, forks, the end. */
import { afterEach, describe, expect, test } from 'vitest';
import { loadAddon } from '../../src/native/loader.js';
import type { Handle } from '../../src/native/contract.js';
import { LazyProgram } from './lazy-program.js';
import { createEngine, destroyEngine, place, type PlacedProgram, readInt } from './native-program.js';

const addon = loadAddon();
const mebibyte = 2 ** 20;
const engines: Handle[] = [];

interface Made {
  readonly engine: Handle;
  readonly program: PlacedProgram;
  readonly lazy: LazyProgram;
  readonly bind: (name: string, signature: string) => (...args: unknown[]) => unknown;
  readonly callAsync: (name: string, signature: string, ...args: unknown[]) => Promise<unknown>;
  readonly int: (variable: string) => number;
}

function make(source: string, language: 'c' | 'c++' = 'c'): Made {
  const engine = createEngine(addon, mebibyte, mebibyte, 4 * mebibyte);
  engines.push(engine);
  const program = place(addon, engine, source, language);
  addon.framesRegister(...program.frames);
  const lazy = new LazyProgram(addon, engine, program);
  return {
    engine,
    program,
    lazy,
    bind: (name, signature) => addon.bindFunction(engine, program.slot(name), signature, name),
    callAsync: (name, signature, ...args) =>
      addon.callAsync(engine, program.slot(name), signature, name, args),
    int: (variable) => readInt(addon, engine, program.address(variable)),
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

afterEach(() => {
  for (const engine of engines.splice(0)) {
    try {
      destroyEngine(addon, engine);
    } catch (error) {
      // An engine whose program left threads behind stays busy; its memory then goes with this process.
      expect(error).toMatchObject({ code: 'ENGINE_BUSY' });
    }
  }
});

describe('what a lazy call carries', () => {
  test('integers, doubles and the number of vector registers', async () => {
    const { lazy, callAsync, bind } = make(`
      #include <stdarg.h>
      long (*words)(long, long, long, long, long, long, long, long);
      double (*doubles)(double, double, double, double, double, double, double, double, double);
      double (*variadic)(int, ...);
      long words_(long a, long b, long c, long d, long e, long f, long g, long h) {
        return a + 10 * (b + 10 * (c + 10 * (d + 10 * (e + 10 * (f + 10 * (g + 10 * h)))))); }
      double doubles_(double a, double b, double c, double d, double e, double f, double g, double h, double i) {
        return a + 10 * (b + 10 * (c + 10 * (d + 10 * (e + 10 * (f + 10 * (g + 10 * (h + 10 * i))))))); }
      double variadic_(int n, ...) {
        va_list list;  double sum = 0;  va_start(list, n);
        for (int i = 0; i < n; i++) sum = sum * 10 + (i % 2 ? va_arg(list, int) : va_arg(list, double));
        va_end(list);  return sum; }
      long call_words(void) { return words(1, 2, 3, 4, 5, 6, 7, 8); }
      double call_doubles(void) { return doubles(1, 2, 3, 4, 5, 6, 7, 8, 9); }
      double call_variadic(void) { return variadic(6, 1.0, 2, 3.0, 4, 5.0, 6); }`);
    for (const name of ['words', 'doubles', 'variadic']) lazy.add(`${name}_`, name);
    lazy.serve();
    for (let round = 0; round < 2; round += 1) {
      expect(await callAsync('call_words', '8')).toBe(87654321n);
      expect(await callAsync('call_doubles', 'd')).toBe(987654321);
      expect(await callAsync('call_variadic', 'd')).toBe(123456);
    }
    expect(lazy.requests.length).toBe(3);
    expect(bind('call_words', '8')()).toBe(87654321n);
  });
});

describe('threads that meet in one entry', () => {
  test.each([2, 8])('%i of them all get what is compiled once', async (count) => {
    const { lazy, callAsync, int } = make(`
      #include <pthread.h>
      int (*callee)(int);  int called;  pthread_barrier_t barrier;
      int callee_(int x) { __sync_fetch_and_add(&called, 1);  return x * 2; }
      void prepare(int n) { pthread_barrier_init(&barrier, 0, n); }
      int meet(int x) { pthread_barrier_wait(&barrier);  return callee(x); }`);
    lazy.add('callee_', 'callee');
    await callAsync('prepare', 'v4', count);
    let compiled = 0;
    const calls = Array.from({ length: count }, (_, i) => callAsync('meet', '44', i));
    await until(() => lazy.take().length > 0, 'one of them asks');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(int('called')).toBe(0);
    const wanted = new Set([...lazy.requests, ...lazy.take()]);
    for (const cell of wanted) {
      lazy.compile(cell);
      compiled += 1;
    }
    lazy.settled();
    expect(await Promise.all(calls)).toEqual(Array.from({ length: count }, (_, i) => i * 2));
    expect([compiled, int('called')]).toEqual([1, count]);
  });
});
