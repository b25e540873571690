import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompileTicket } from '../../../src/core/compile-ticket.js';
import { TierlinkError } from '../../../src/core/errors.js';
import type { Unit } from '../../../src/engine/loaded-module.js';
import { PromotionQueue, type PromotionQueueParts } from '../../../src/engine/promotion-queue.js';
import { optimized, peak } from '../../../tiers/recipes.js';

/** One compile that a queue has begun. */
interface Begun {
  readonly names: readonly string[];
  readonly ticket: CompileTicket;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** A queue whose compiles end when the test says so. */
function queueOf(over: Partial<PromotionQueueParts> = {}, sizes: Readonly<Record<string, number>> = {}) {
  const begun: Begun[] = [];
  const queue = new PromotionQueue({
    build: async (units, _tier, _reason, ticket) =>
      new Promise((resolve, reject) => {
        begun.push({
          names: units.map(({ name }) => name),
          ticket,
          done: () => {
            resolve(units);
          },
          fail: reject,
        });
      }),
    instructions: ({ name }) => sizes[name] ?? 100,
    threads: 1,
    isTogether: true,
    ...over,
  });
  const outcomes = new Map<string, string>();
  const add = (name: string, heat: number, module = 'm', tier = optimized): CompileTicket => {
    const ticket = new CompileTicket({ kind: 'tier-up', heat });
    // Safe because a queue reads no more of a unit than this.
    const unit = { name, home: { record: { name: module, id: 1 } } } as unknown as Unit;
    queue.add({ unit, tier, reason: 'hot', ticket, heat: () => heat }).then(
      (built) => outcomes.set(name, built.includes(unit) ? 'built' : 'not built'),
      (error: unknown) =>
        outcomes.set(name, error instanceof TierlinkError ? String(error.code) : String(error)),
    );
    return ticket;
  };
  const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const finish = async (at = begun.length - 1): Promise<void> => {
    begun[at]?.done();
    await settle();
  };
  return { queue, begun, outcomes, add, settle, finish, names: () => begun.map(({ names }) => names) };
}

describe('promotions that wait', () => {
  it('become one compile if they are of one module and for one tier', async () => {
    const { add, names, finish, outcomes, queue } = queueOf();
    add('first', 1);
    add('a', 5);
    add('b', 6);
    add('other module', 4, 'n');
    add('other tier', 3, 'm', peak);
    expect(queue.length).toBe(3);
    await finish();
    expect(names()).toEqual([['first'], ['b', 'a']]);
    await finish();
    await finish();
    await finish();
    expect(names().slice(2)).toEqual([['other module'], ['other tier']]);
    expect([...outcomes.values()]).toEqual(Array.from({ length: 5 }, () => 'built'));
    expect(queue.length).toBe(0);
  });

  it('are not so many, nor so different in heat, that one of them suffers', async () => {
    const { add, names, finish } = queueOf({}, { large: 1450 });
    add('first', 1);
    add('large', 64);
    add('too much beside it', 60);
    add('cold', 0.5);
    await finish();
    await finish();
    await finish();
    expect(names().slice(1)).toEqual([['large'], ['too much beside it'], ['cold']]);
  });

  it('are compiled one by one where versions are compared', async () => {
    const { add, names, finish } = queueOf({ isTogether: false });
    for (const name of ['first', 'a', 'b']) add(name, 1);
    await finish();
    await finish();
    expect(names()).toEqual([['first'], ['a'], ['b']]);
  });

  it('fail for what they are, and not for what they were compiled with', async () => {
    const { add, begun, names, settle, outcomes } = queueOf();
    add('first', 1);
    add('good', 5);
    add('bad', 4);
    begun[0]?.done();
    await settle();
    begun[1]?.fail(new TierlinkError('COMPILE_CRASHED', { module: 'm', tier: 'optimized', reason: 'no' }));
    await settle();
    expect(outcomes.get('good')).toBeUndefined();
    begun[2]?.done();
    await settle();
    begun[3]?.fail(new TierlinkError('COMPILE_CRASHED', { module: 'm', tier: 'optimized', reason: 'no' }));
    await settle();
    expect(names().slice(1)).toEqual([['good', 'bad'], ['good'], ['bad']]);
    expect(outcomes.get('good')).toBe('built');
    expect(outcomes.get('bad')).toBe('COMPILE_CRASHED');
  });

  it('are dropped when nobody wants them any more', async () => {
    const { add, begun, names, finish, settle, outcomes } = queueOf();
    add('first', 1);
    const [gone, one, two] = [add('gone', 3), add('one', 2), add('two', 2)];
    gone.cancel();
    await settle();
    expect(outcomes.get('gone')).toBe('COMPILE_CANCELLED');
    await finish();
    expect(names()[1]).toEqual(['one', 'two']);
    one.cancel();
    expect(begun[1]?.ticket.cancelled).toBe(false);
    two.cancel();
    expect(begun[1]?.ticket.cancelled).toBe(true);
  });

  it('begin at once when a thread waits for one of them', async () => {
    const { add, begun, names, finish } = queueOf();
    add('first', 1);
    add('waited for', 1).raise({ kind: 'lazy' });
    expect(names()).toEqual([['first'], ['waited for']]);
    expect(begun[1]?.ticket.priority).toEqual({ kind: 'lazy' });
    const [ticket] = [add('a', 2), add('b', 1)];
    await finish(0);
    await finish(1);
    ticket.raise({ kind: 'lazy' });
    expect(begun[2]?.ticket.priority).toEqual({ kind: 'lazy' });
  });

  it('take the thread that is kept for first calls only if they are short', async () => {
    const { add, begun, names, finish } = queueOf({ threads: 2 }, { long: 5000, 'long, too': 5000 });
    add('long', 9);
    add('long, too', 8);
    add('short', 2);
    add('b', 1);
    add('a', 2);
    expect(names()).toEqual([['long'], ['short']]);
    expect(begun.map(({ ticket }) => ticket.priority)).toEqual([
      { kind: 'tier-up', heat: 9 },
      { kind: 'tier-up', heat: 2, isShort: true },
    ]);
    await finish(1);
    expect(names().slice(2)).toEqual([['a', 'b']]);
    await finish(2);
    expect(names()).toHaveLength(3);
    await finish(0);
    expect(names().slice(3)).toEqual([['long, too']]);
  });

  it('end with the engine', async () => {
    const { add, queue, settle, outcomes } = queueOf();
    add('first', 1);
    add('a', 1);
    queue.stop();
    await settle();
    expect(outcomes).toEqual(new Map([['a', 'COMPILE_CANCELLED']]));
  });

  it('are bounded: the coldest is dropped', async () => {
    const { add, queue, settle, outcomes } = queueOf({}, {});
    add('first', 1);
    for (let index = 0; index < 513; index += 1) add(`f${String(index)}`, 1000 - index);
    await settle();
    expect(outcomes).toEqual(new Map([['f512', 'COMPILE_CANCELLED']]));
    queue.stop();
    await settle();
  });

  it('are settled once each, whatever is added, cancelled, failed or hurried', async () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), heat: fc.nat(200), module: fc.constantFrom('m', 'n') }),
      fc.record({ kind: fc.constantFrom('cancel' as const, 'raise' as const), at: fc.nat(30) }),
      fc.record({ kind: fc.constantFrom('done' as const, 'fail' as const), at: fc.nat(3) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        async (acts, threads) => {
          const { add, begun, settle, outcomes, queue } = queueOf({ threads });
          const open = new Set<Begun>();
          const tickets: CompileTicket[] = [];
          let seenOf = 0;
          const note = (): void => {
            for (const one of begun.slice(seenOf)) open.add(one);
            seenOf = begun.length;
          };
          const end = async (one: Begun | undefined, isFailure: boolean): Promise<void> => {
            if (one === undefined) return;
            open.delete(one);
            if (isFailure) one.fail(new Error('failed'));
            else one.done();
            await settle();
          };
          for (const one of acts) {
            if (one.kind === 'add') tickets.push(add(`f${String(tickets.length)}`, one.heat, one.module));
            else if (one.kind === 'cancel') tickets[one.at]?.cancel();
            else if (one.kind === 'raise') tickets[one.at]?.raise({ kind: 'lazy' });
            else await end([...open][one.at], one.kind === 'fail');
            note();
          }
          while (open.size > 0) {
            await end([...open][0], false);
            note();
          }
          expect(outcomes.size).toBe(tickets.length);
          expect(queue.length).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
