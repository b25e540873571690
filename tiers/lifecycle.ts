/**
 * The lifecycle of a unit as a pure state machine: `advance` takes a state and an event and returns the next
 * state and the effects to perform; who performs them is not its business. The one importer of xstate.
 *
 *   declared -> compiling -> executable <-> promoting;  any -> removed
 *   a version that may not be used any more: executable -> declared, promoting -> compiling
 *
 * A failed first compile goes back to declared, a failed promotion to executable: the version before it goes
 * on running; so does one that was dropped before it began. Failures of a tier are counted; `penalty` says how long it
 * waits and when the tier is barred. A version that is doubted gives way to one of a lower tier, and its tier is closed
 * until it is known which of them is slower: `cleared` opens it, `slower` is punished as a failure is. These are counted
 * apart, since a tier that comes to run is forgiven its failures, but not that its code was slow.
 */
import { assign, initialTransition, setup, transition } from 'xstate';
import { defaultPenalty, type PenaltyRule, penalty } from './penalty.js';

/** What happens to a unit. */
export type LifecycleEvent =
  /** Someone wants the unit at a tier; `forced` passes over a bar and a wait. */
  | { readonly type: 'request'; readonly target: number; readonly forced: boolean }
  /** The version is linked and its slots are stored. */
  | { readonly type: 'published' }
  /** Another unit's compile brought its first version along. */
  | { readonly type: 'included'; readonly target: number }
  /** Compiling or linking failed; nothing of it is left. */
  | { readonly type: 'failed' }
  /** The compile was dropped before it began: nobody is to blame. */
  | { readonly type: 'dropped' }
  /** The version that runs may be slower than one of this lower tier, which is to be tried. */
  | { readonly type: 'doubted'; readonly target: number }
  /** The version that runs is out of use, and none is in its place. */
  | { readonly type: 'fellBack' }
  /** It was: the tier that was doubted is left. */
  | { readonly type: 'slower'; readonly tier: number }
  /** It was not, or that was not found out. */
  | { readonly type: 'cleared'; readonly tier: number }
  /** The wait after a failure is over. */
  | { readonly type: 'waited'; readonly target: number }
  | { readonly type: 'remove' };

/** What an executor has to do after a transition. */
export type LifecycleEffect =
  | { readonly type: 'compile'; readonly target: number }
  | { readonly type: 'wait'; readonly target: number; readonly milliseconds: number }
  | { readonly type: 'bar'; readonly target: number; readonly failures: number };

declare const snapshot: unique symbol;

/** Where a unit stands; only this file looks inside. */
export interface LifecycleState {
  readonly [snapshot]: true;
}

/** The states by name. */
export type LifecycleStage = 'declared' | 'compiling' | 'executable' | 'promoting' | 'removed';

interface Context {
  readonly penalty: PenaltyRule;
  /** Failures by position in the ladder. */
  readonly failures: Readonly<Record<number, number>>;
  /** Times that code of a position was found to be slower, by position. */
  readonly slow: Readonly<Record<number, number>>;
  /** Positions that wait after a failure. */
  readonly waiting: readonly number[];
  /** Positions that are not asked for any more. */
  readonly barred: readonly number[];
  /** Position of the version that runs, -1 for none. */
  readonly current: number;
  /** Position being compiled, -1 for none. */
  readonly target: number;
}

const machine = setup({
  types: {
    context: {} as Context,
    input: {} as { readonly penalty: PenaltyRule },
    events: {} as LifecycleEvent,
  },
  actions: {
    compile: (_, _effect: { target: number }) => undefined,
    wait: (_, _effect: { target: number; milliseconds: number }) => undefined,
    bar: (_, _effect: { target: number; failures: number }) => undefined,
    begin: assign(({ event }) => (event.type === 'request' ? { target: event.target } : {})),
    fall: assign({ current: -1 }),
    adopt: assign(({ event }) => (event.type === 'included' ? { current: event.target } : {})),
    settle: assign(({ context }) => ({
      current: context.target,
      target: -1,
      failures: { ...context.failures, [context.target]: 0 },
    })),
    open: assign(({ context, event }) =>
      event.type === 'waited' ? { waiting: context.waiting.filter((tier) => tier !== event.target) } : {},
    ),
    punish: assign(({ context }) => ({
      target: -1,
      failures: { ...context.failures, [context.target]: failuresWithThis(context) },
      waiting: [...context.waiting, context.target],
    })),
    doubt: assign(({ context, event }) =>
      event.type === 'doubted'
        ? { target: event.target, waiting: [...context.waiting, context.current] }
        : {},
    ),
    blame: assign(({ context, event }) =>
      event.type === 'slower'
        ? { slow: { ...context.slow, [event.tier]: slowWithThis(context, event.tier) } }
        : {},
    ),
    excludeSlow: assign(({ context, event }) =>
      event.type === 'slower' ? { barred: [...context.barred, event.tier] } : {},
    ),
    forgive: assign(({ context, event }) =>
      event.type === 'cleared'
        ? {
            slow: { ...context.slow, [event.tier]: 0 },
            waiting: context.waiting.filter((tier) => tier !== event.tier),
          }
        : {},
    ),
    exclude: assign(({ context }) => ({ target: -1, barred: [...context.barred, context.target] })),
  },
  guards: {
    welcome: ({ context, event }) =>
      event.type === 'request' &&
      (event.forced || ![...context.waiting, ...context.barred].includes(event.target)),
    lower: ({ context, event }) =>
      event.type === 'doubted' && event.target >= 0 && event.target < context.current,
    slowAgain: ({ context, event }) =>
      event.type === 'slower' && penalty(context.penalty, slowWithThis(context, event.tier)) === 'barred',
    lastTry: ({ context }) => penalty(context.penalty, failuresWithThis(context)) === 'barred',
  },
}).createMachine({
  id: 'unit',
  context: ({ input }) => ({
    penalty: input.penalty,
    failures: {},
    slow: {},
    waiting: [],
    barred: [],
    current: -1,
    target: -1,
  }),
  initial: 'declared',
  on: {
    waited: { actions: 'open' },
    cleared: { actions: 'forgive' },
    slower: [
      {
        guard: 'slowAgain',
        actions: [
          {
            type: 'bar',
            params: ({ context, event }: Blamed) => ({
              target: event.tier,
              failures: slowWithThis(context, event.tier),
            }),
          },
          'blame',
          'excludeSlow',
        ],
      },
      {
        actions: [
          {
            type: 'wait',
            params: ({ context, event }: Blamed) => ({
              target: event.tier,
              milliseconds: Number(penalty(context.penalty, slowWithThis(context, event.tier))),
            }),
          },
          'blame',
        ],
      },
    ],
    remove: { target: '.removed' },
  },
  states: {
    declared: {
      on: {
        request: { guard: 'welcome', target: 'compiling', actions: requested() },
        included: { target: 'executable', actions: 'adopt' },
      },
    },
    compiling: {
      on: {
        published: { target: 'executable', actions: 'settle' },
        included: { target: 'executable', actions: ['adopt', assign({ target: -1 })] },
        // The first version has nobody to wait for: its failure is reported to who asked, who may ask again.
        failed: { target: 'declared', actions: assign({ target: -1 }) },
        dropped: { target: 'declared', actions: assign({ target: -1 }) },
      },
    },
    executable: {
      on: {
        request: { guard: 'welcome', target: 'promoting', actions: requested() },
        fellBack: { target: 'declared', actions: 'fall' },
        doubted: {
          guard: 'lower',
          target: 'promoting',
          actions: [
            {
              type: 'compile',
              params: ({ event }: { event: { target: number } }) => ({ target: event.target }),
            },
            'doubt',
          ],
        },
      },
    },
    promoting: {
      on: {
        fellBack: { target: 'compiling', actions: 'fall' },
        published: { target: 'executable', actions: 'settle' },
        dropped: { target: 'executable', actions: assign({ target: -1 }) },
        failed: [
          {
            guard: 'lastTry',
            target: 'executable',
            actions: [
              {
                type: 'bar',
                params: ({ context }: { context: Context }) => ({
                  target: context.target,
                  failures: failuresWithThis(context),
                }),
              },
              'exclude',
            ],
          },
          {
            target: 'executable',
            actions: [
              {
                type: 'wait',
                params: ({ context }: { context: Context }) => ({
                  target: context.target,
                  milliseconds: Number(penalty(context.penalty, failuresWithThis(context))),
                }),
              },
              'punish',
            ],
          },
        ],
      },
    },
    removed: { type: 'final' },
  },
});

function requested(): [
  'begin',
  { type: 'compile'; params: (args: { event: { target: number } }) => { target: number } },
] {
  return ['begin', { type: 'compile', params: ({ event }) => ({ target: event.target }) }];
}

interface Blamed {
  readonly context: Context;
  readonly event: { readonly tier: number };
}

function slowWithThis(context: Context, tier: number): number {
  return (context.slow[tier] ?? 0) + 1;
}

function failuresWithThis(context: Context): number {
  return (context.failures[context.target] ?? 0) + 1;
}

interface Step {
  readonly state: LifecycleState;
  readonly effects: readonly LifecycleEffect[];
}

/** Under each rule: the states that were reached, by what tells them apart. There is one of each, so that they stay few. */
const reached = new WeakMap<PenaltyRule, Map<string, LifecycleState>>();
/** One first state for each rule. */
const declared = new WeakMap<PenaltyRule, LifecycleState>();
/**
 * The steps that were taken from a state. Units go the same few ways, and xstate makes an actor for each step: half a
 * millisecond in a process that has just begun.
 */
const taken = new WeakMap<LifecycleState, Map<string, Step>>();

/**
 * The state of a unit that was just registered.
 *
 * @param rule - How failures are punished.
 * @returns The state `declared`.
 */
export function declaredUnit(rule: PenaltyRule = defaultPenalty): LifecycleState {
  let state = declared.get(rule);
  if (state === undefined) {
    state = theOne(initialTransition(machine, { penalty: rule })[0]);
    declared.set(rule, state);
  }
  return state;
}

/**
 * One step. Pure: the same state and event give the same result, and nothing else happens.
 *
 * @param state - Where the unit stands.
 * @param event - What happened.
 * @returns The next state and the effects to perform, in order.
 */
export function advance(state: LifecycleState, event: LifecycleEvent): Step {
  let steps = taken.get(state);
  if (steps === undefined) {
    steps = new Map();
    taken.set(state, steps);
  }
  const key = Object.values(event).join(' ');
  let step = steps.get(key);
  if (step === undefined) {
    step = take(state, event);
    steps.set(key, step);
  }
  return step;
}

function take(state: LifecycleState, event: LifecycleEvent): Step {
  const [next, actions] = transition(machine, reveal(state), event);
  const effects = actions
    .filter(({ type }) => type === 'compile' || type === 'wait' || type === 'bar')
    // Safe because the machine above gives each of these actions the parameters of its effect.
    .map(({ type, params }) => ({ type, ...(params as object) }) as LifecycleEffect);
  return { state: theOne(next), effects };
}

/** The state that equals this one and was reached first. */
function theOne(next: Snapshot): LifecycleState {
  const { penalty: rule, ...context } = next.context;
  let states = reached.get(rule);
  if (states === undefined) {
    states = new Map();
    reached.set(rule, states);
  }
  const key = JSON.stringify([next.value, context]);
  const known = states.get(key) ?? conceal(next);
  states.set(key, known);
  return known;
}

/** The state's name. */
export function stageOf(state: LifecycleState): LifecycleStage {
  return reveal(state).value;
}

/** What the machine keeps beside the state's name. */
export function contextOf(state: LifecycleState): object {
  return reveal(state).context;
}

/** The machine's states and transitions, for tools that draw it: a config of xstate's, without what it computes. */
export function lifecycleConfig(): object {
  // Safe because a config is an object, and so is its JSON.
  return JSON.parse(JSON.stringify(machine.config)) as object;
}

/** The ladder position of the version that runs, or -1. */
export function currentTier(state: LifecycleState): number {
  return reveal(state).context.current;
}

type Snapshot = ReturnType<typeof initialTransition<typeof machine>>[0];

/** Safe because both names are of one value: states leave and enter this file only through these two. */
function conceal(state: Snapshot): LifecycleState {
  return state as unknown as LifecycleState;
}

function reveal(state: LifecycleState): Snapshot {
  return state as unknown as Snapshot;
}
