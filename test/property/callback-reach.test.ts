/** While there are callbacks, exactly those functions keep the fast road that can't come to one, however modules change. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { engineFor } from '../support/engine.js';
import { hotLoop } from '../support/hot.js';

const isKnown = /^(11\.3|12\.4)\..*-node\./.test(process.versions.v8);

const moduleCount = 3;
const functionsOfModule = 4;
const count = moduleCount * functionsOfModule;
const depth = 3;

/** How a function goes on, beside calling others. */
const ways = ['not', 'not', 'not', 'harmless', 'pointer', 'library', 'js'] as const;

interface Shape {
  readonly way: (typeof ways)[number];
  readonly callees: readonly number[];
  /** Whether it is called by another name of it. */
  readonly byAlias: boolean;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  way: fc.constantFrom(...ways),
  callees: fc.array(fc.nat(count - 1), { maxLength: 2 }),
  byAlias: fc.boolean(),
});

const nameOf = (shapes: readonly Shape[], f: number): string =>
  `${shapes[f]?.byAlias === true ? 'g' : 'f'}${String(f)}`;

/** What a function adds of its own, as IR that makes `%own` of `%x`. */
const own: Readonly<Record<Shape['way'], string>> = {
  not: '%own = add i32 %x, 0',
  harmless: '%own = call i32 @abs(i32 %x)',
  pointer: '%hook = load ptr, ptr @hook\n  %own = call i32 %hook(i32 %x)',
  // With two elements qsort calls the comparator, which is the same callback here.
  library: `%two = alloca [2 x i32]
  call void @qsort(ptr %two, i64 2, i64 4, ptr @compare)
  %own = add i32 %x, 1`,
  js: '%own = call i32 @of_js(i32 %x)',
};

function textOf(shapes: readonly Shape[], module: number): string {
  const mine = Array.from({ length: functionsOfModule }, (_, i) => module * functionsOfModule + i);
  const text = mine.map((f) => {
    const { way, callees } = shapes[f] ?? { way: 'not', callees: [] };
    const calls = callees.map((callee, i) => {
      const before = i === 0 ? '%own' : `%s${String(i - 1)}`;
      return `%r${String(i)} = call i32 @${nameOf(shapes, callee)}(i32 %e, i32 %x)
  %s${String(i)} = add i32 ${before}, %r${String(i)}`;
    });
    return `define i32 @f${String(f)}(i32 %d, i32 %x) {
  %stop = icmp eq i32 %d, 0
  br i1 %stop, label %end, label %go
end:
  ret i32 %x
go:
  %e = sub i32 %d, 1
  ${[own[way], ...calls].join('\n  ')}
  ret i32 ${callees.length === 0 ? '%own' : `%s${String(callees.length - 1)}`}
}
@g${String(f)} = alias i32 (i32, i32), ptr @f${String(f)}`;
  });
  const others = new Set(
    mine
      .flatMap((f) => shapes[f]?.callees ?? [])
      .filter((f) => !mine.includes(f))
      .map((f) => nameOf(shapes, f)),
  );
  const declared = [...others].map((name) => `declare i32 @${name}(i32, i32)`);
  return `@hook = external global ptr
declare i32 @abs(i32)
declare i32 @of_js(i32)
declare i32 @compare(ptr, ptr)
declare void @qsort(ptr, i64, i64, ptr)
${[...declared, ...text].join('\n')}
`;
}

const hooks = `@hook = global ptr null
define void @set_hook(ptr %to) {
  store ptr %to, ptr @hook
  ret void
}
define i32 @compare(ptr %a, ptr %b) {
  %hook = load ptr, ptr @hook
  %r = call i32 %hook(i32 1)
  ret i32 0
}
`;

/** Whether a function can come to the callback. */
function reaches(shapes: readonly Shape[], from: number): boolean {
  const reached = new Set([from]);
  for (const f of reached) {
    const { way, callees } = shapes[f] ?? { way: 'js', callees: [] };
    if (way !== 'not' && way !== 'harmless') return true;
    for (const callee of callees) reached.add(callee);
  }
  return false;
}

const ofJs = (x: number): number => (2 * x + 1) | 0;

function valueOf(shapes: readonly Shape[], f: number, d: number, x: number): number {
  if (d === 0) return x;
  const { way, callees } = shapes[f] ?? { way: 'not', callees: [] };
  const mine = { not: x, harmless: Math.abs(x), pointer: ofJs(x), library: x + 1, js: ofJs(x) }[way];
  return callees.reduce((sum, callee) => (sum + valueOf(shapes, callee, d - 1, x)) | 0, mine | 0);
}

const shapesOfModule = fc.array(shape, { minLength: functionsOfModule, maxLength: functionsOfModule });

it.runIf(isKnown)(
  'a function that can come to a callback is never called by the fast road, others are',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: count, maxLength: count }),
        fc.array(fc.tuple(fc.nat(moduleCount - 1), shapesOfModule), { minLength: 1, maxLength: 3 }),
        fc.constantFrom('function' as const, 'module' as const),
        async (first, changes, unit) => {
          const engine = engineFor({ control: 'worker', unit });
          const shapes = [...first];
          const all = [...first, ...changes.flatMap(([, changed]) => changed)];
          // Without one, functions are bound before there is any callback.
          const usesJs = all.some(({ way }) => way === 'js');
          if (usesJs) engine.define('of_js', 'i32 (i32)', ofJs);
          engine.addModule('hooks', { ir: hooks });
          for (let module = 0; module < moduleCount; module += 1) {
            engine.addModule(`m${String(module)}`, { ir: textOf(shapes, module) });
          }
          await engine.link();
          const early = shapes.map((_, f) => engine.fn(`f${String(f)}`));
          if (!usesJs) expect(new Set(early.map(({ road }) => road))).toEqual(new Set(['fast']));
          const loops = early.map((call) => hotLoop(call, [0, 5]));
          const callback = engine.callback('i32 (i32)', ofJs);
          engine.fn('set_hook')(callback.address);
          const check = (): void => {
            for (let f = 0; f < count; f += 1) {
              const bound = engine.fn(`f${String(f)}`);
              expect([f, bound.road]).toEqual([f, reaches(shapes, f) ? 'napi' : 'fast']);
              const value = valueOf(shapes, f, depth, 7);
              expect([f, hotLoop(bound, [1, 5])(3, depth, 7)]).toEqual([f, value]);
              expect([f, loops[f]?.(3, depth, 7)]).toEqual([f, value]);
            }
          };
          check();
          for (const [module, changed] of changes) {
            // Names by which others call it stay.
            const at = module * functionsOfModule;
            changed.forEach((one, i) => {
              shapes[at + i] = { ...one, byAlias: shapes[at + i]?.byAlias ?? false };
            });
            await engine.replaceModule(`m${String(module)}`, { ir: textOf(shapes, module) });
            check();
          }
          callback.free();
          await engine.dispose();
        },
      ),
      { numRuns: 12, seed: 6 },
    );
  },
  180_000,
);
