/** Random programs of several modules whose functions call each other, with state of every kind in each module. */
import { randomFrom } from './stress-program.js';

/** How many modules there are, and how many functions each lends to the others. */
export const moduleCount = 4;
const lentFunctions = 4;

/** Statements; `x` is the argument, `a` the result, `N` a number. */
const simple = [
  'a = a * 7 + x;',
  'a ^= (unsigned)shared++ * N;',
  'mine += x & 15; a += mine;',
  'a += table[(a >> 4) & 7];',
  'a = own(a, x);',
  'a += pick[x & 1](a);',
  'a -= text[a & 3];',
  'point.y += a; point.x ^= point.y; a += blend(&point, N);',
  'for (unsigned i = 0; i < (x & 7); i++) { a += i * N; if (a & 0x10000) break; }',
  'if (a & 1) a = (a >> 1) ^ N; else a += N;',
  'switch (a & 3) { case 0: a += N; break; case 1: a ^= x; break; default: a = ~a; }',
  'd = d * 0.5 + (a & 63); a += (unsigned)(d * 4);',
];

function prelude(module: number, number: () => number): string {
  const numbers = Array.from({ length: 8 }, () => `${String(number())}u`).join(', ');
  return `
    typedef struct { unsigned x, y; } Point;
    static unsigned shared = ${String(module)}; static _Thread_local unsigned mine = 3; static double d = 0.5;
    static const unsigned table[8] = { ${numbers} }; static const char text[] = "t${String(number() % 100)}xy";
    static Point point = { 1, 2 };
    static unsigned own(unsigned a, unsigned x) { shared += a & 3; return (a << 3) ^ x ^ shared; }
    static unsigned first(unsigned a) { return a + ${String(number() % 1000)}; }
    static unsigned second(unsigned a) { mine++; return a ^ mine; }
    static unsigned (*const pick[2])(unsigned) = { first, second };
    __attribute__((noinline)) static unsigned blend(Point *p, unsigned by) { p->x += by; return p->x * 3; }`;
}

/**
 * The text of one module. Functions call those of modules after theirs only, so that all calls end.
 *
 * @param seed - Of the module's bodies: two seeds give modules that can take each other's place.
 * @param module - Its position.
 * @returns C.
 */
export function splitModule(seed: number, module: number): string {
  const random = randomFrom(seed * 977 + module);
  const number = (): number => random(2 ** 31);
  const lent = (of: number, index: number): string => `f${String(of)}_${String(index)}`;
  const table = (of: number): string => `unsigned (*volatile lends${String(of)}[4])(unsigned)`;
  const declared = Array.from({ length: moduleCount }, (_, of) => {
    const all = Array.from({ length: lentFunctions }, (_unused, index) => lent(of, index));
    return [...all.map((name) => `unsigned ${name}(unsigned);`), `extern ${table(of)};`].join(' ');
  }).join('\n');
  const statement = (): string => {
    if (module < moduleCount - 1 && random(3) === 0) {
      const of = module + 1 + random(moduleCount - module - 1);
      const byName = `a += ${lent(of, random(lentFunctions))}(a ^ ${String(number())}u);`;
      return random(3) === 0 ? `${byName} a += lends${String(of)}[a & 3](a);` : byName;
    }
    const chosen = simple[random(simple.length)] ?? '';
    return chosen.replaceAll('N', `${String(number())}u`);
  };
  const functions = Array.from({ length: lentFunctions }, (_, index) => {
    const body = Array.from({ length: 3 + random(5) }, statement).join(' ');
    return `unsigned ${lent(module, index)}(unsigned x) { unsigned a = x + ${String(number())}u; ${body} return a; }`;
  });
  const calls = Array.from(
    { length: lentFunctions },
    (_, index) => `sum = sum * 31 + ${lent(0, index)}(sum + i);`,
  );
  const run =
    module === 0
      ? `unsigned run(unsigned n) { unsigned sum = n; for (unsigned i = 0; i < n; i++) { ${calls.join(' ')} } return sum; }`
      : '';
  const lends = `${table(module)} = { first, ${lent(module, 0)}, first, ${lent(module, 1)} };`;
  return [declared, prelude(module, number), ...functions, lends, run].join('\n');
}
