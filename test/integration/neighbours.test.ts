/** Functions beside those whose first call nobody foresaw are compiled before they are called, as far as that is of use. */
import { expect, it, vi } from 'vitest';
import { createEngine, type Engine, type EngineOptions, type PublishedEvent } from '../../src/index.js';
import { bitcode } from '../support/toolchain.js';

const count = 200;
/** Nothing calls them: whoever does has their names. */
const functions = Array.from(
  { length: count },
  (_, n) => `int f${String(n)}(int x) { return x * 3 + ${String(n)}; }`,
);
const module = bitcode(functions.join('\n'));

async function linked(
  options: EngineOptions = {},
): Promise<{ readonly engine: Engine; readonly published: PublishedEvent[] }> {
  const engine = createEngine({ policy: 'never', ...options });
  const published: PublishedEvent[] = [];
  engine.on('published', (event) => published.push(event));
  engine.addModule('m', module);
  await engine.link();
  return { engine, published };
}

/** Calls functions from another thread, one after the other. */
async function call(engine: Engine, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) expect(await engine.fn(`f${String(n)}`).async(5)).toBe(15 + n);
}

const reasons = (published: readonly PublishedEvent[], reason: string) =>
  published.filter((event) => event.reason === reason);

/** What was compiled before anybody called it. */
function guessed(published: readonly PublishedEvent[]): number {
  return reasons(published, 'likely to be called').reduce((sum, event) => sum + event.functions, 0);
}

it('a module that is called from one end to the other waits for few of its functions', async () => {
  const { engine, published } = await linked();
  await call(
    engine,
    Array.from({ length: count }, (_, n) => n),
  );
  const waits = () => reasons(published, 'first call').length;
  // Events may come after what they tell of.
  await vi.waitFor(() => {
    expect(waits() + guessed(published)).toBe(count);
  });
  expect(waits()).toBeGreaterThanOrEqual(5);
  expect(waits()).toBeLessThan(count / 3);
  await engine.dispose();
});

it('of a module that is called here and there, no more is guessed than its calls pay for', async () => {
  const { engine, published } = await linked();
  // Too far from each other for a guess to be right: each of the calls after the first four pays for two.
  const called = [0, 20, 40, 60, 80, 100, 120, 140, 160, 180];
  await call(engine, called);
  await vi.waitFor(() => {
    expect(guessed(published)).toBe(2 * (called.length - 4));
  });
  expect(reasons(published, 'first call')).toHaveLength(called.length);
  await engine.dispose();
});

it('nothing is guessed in a module of which little is called, and new source begins anew', async () => {
  const { engine, published } = await linked();
  await call(engine, [3, 50, 90, 150]);
  await engine.replaceModule('m', bitcode(functions.slice(0, 100).join('\n')));
  await call(engine, [20, 40, 60, 80]);
  await call(engine, [85]);
  await vi.waitFor(() => {
    expect(guessed(published)).toBe(2);
  });
  await engine.dispose();
});

it('nothing is guessed when half of the code cache is taken: the rest is for what is called', async () => {
  const used = (engine: Engine): number => engine.snapshot().memory.code;
  const free = await linked();
  await call(free.engine, [0]);
  const taken = used(free.engine);
  await free.engine.dispose();
  const { engine, published } = await linked({ codeCache: { maxBytes: Math.max(4096, taken * 2 - 1) } });
  const called = Array.from({ length: 20 }, (_, n) => 3 * n);
  await call(engine, called);
  expect(guessed(published)).toBe(0);
  expect(reasons(published, 'first call')).toHaveLength(called.length);
  await engine.dispose();
});
