/** Random C functions that are all loops: nested, entered in the middle, left early, around every kind of local. */

/** Numbers from a seed. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2654435761 + 1) >>> 0;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

const prelude = `
typedef unsigned u4 __attribute__((vector_size(16)));
typedef unsigned u16 __attribute__((vector_size(64)));
typedef struct { unsigned i; unsigned short s; double d; } Mixed;
__attribute__((noinline)) static unsigned long take(unsigned long *p, unsigned long by) { *p = *p * 3 + by; return *p & 15; }
__attribute__((noinline)) static void blend(Mixed *m, unsigned long by) { m->i ^= by; m->s += m->i; m->d += by & 7; }
static unsigned long sum(const unsigned long *p, int n) { unsigned long s = 0; for (int i = 0; i < n; i++) s = s * 5 + p[i]; return s; }
`;

const locals = `
  unsigned long a = n, b = 1, c = 2, kept = 5; double x = 1.5; __int128 wide = 3; _Bool flag = n & 1;
  unsigned long few[6] = {1, 2, 3, 4, 5, 6}, lent[6] = {6, 5, 4, 3, 2, 1}, many[40] = {0};
  Mixed own = {1, 2, 3}, shown = {4, 5, 6}; u4 v = {1, 2, 3, 4}; u16 w = {0}; w[3] = n; float f = 0.5f; char letter = 'x';
  unsigned long *into = &few[2];
`;

/** Statements without control flow. */
const simple = [
  'a = a * 7 + b;',
  'b ^= a >> 3;',
  'c += b * 5 + letter;',
  'kept += take(&kept, a);',
  'few[a % 6] += b;',
  'c ^= few[b % 6];',
  'a += take(&lent[b % 6], c);',
  'c += sum(lent, 6);',
  'many[a % 40] = many[b % 40] * 3 + c;',
  'own.i += a; own.s ^= own.i; own.d += own.s & 3;',
  'blend(&shown, b);',
  'a ^= shown.i + (unsigned long)shown.d;',
  'v = v * 3 + (unsigned)a;',
  'b += v[a & 3];',
  'w = w + (unsigned)b; w[c & 15] ^= a;',
  'c ^= w[a & 15];',
  'x = x * 0.75 + (a & 31); f = f * 0.5f + (b & 3);',
  'a += (unsigned long)x + (unsigned long)(f * 4);',
  'wide = wide * 5 + a; b ^= (unsigned long)(wide >> 60);',
  'flag = !flag; if (flag) c++;',
  'letter = (char)(letter * 5 + c);',
  '*into += a; into = &few[(into - few + 1) % 6];',
  'a ^= *into;',
];

class Writer {
  readonly #dice: Dice;
  #names = 0;
  /** Labels that stand in loops, to be jumped to from before. */
  readonly #entries: string[] = [];

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  body(): string {
    const blocks = [this.#block(3, true), this.#block(3, true), this.#block(2, true)];
    const jumps = this.#entries.map((label, index) => `if ((n + ${String(index)}) % 5 == 0) goto ${label};`);
    return [...jumps, ...blocks].join('\n');
  }

  /** Labels can't be jumped to where an array of variable length is in scope. */
  #block(depth: number, mayEnter: boolean): string {
    const count = 1 + this.#dice.below(4);
    return Array.from({ length: count }, () => this.#statement(depth, mayEnter)).join('\n');
  }

  #statement(depth: number, mayEnter: boolean): string {
    if (depth === 0 || this.#dice.below(5) < 2) return this.#dice.pick(simple);
    const inner = (enter = mayEnter): string => this.#block(depth - 1, enter);
    this.#names += 1;
    const id = String(this.#names);
    const fuel = 'if (fuel-- <= 0) goto out;';
    switch (this.#dice.below(9)) {
      case 0:
        return `for (i${id} = 0; i${id} < a % 9 + 2; i${id}++) { ${fuel} ${inner()} b += i${id}; }`;
      case 1:
        return `while (c % ${String(3 + this.#dice.below(5))} != 1) { ${fuel} ${inner()} c++; }`;
      case 2:
        return `do { ${fuel} ${inner()} a = a * 3 + 1; } while (a % 7 > 2);`;
      case 3:
        return `if (${this.#dice.pick(['a > b', 'c & 1', 'flag', 'x > 20'])}) { ${inner()} } else { ${inner()} }`;
      case 4:
        return `switch (b % 5) { case 0: ${inner()} case 1: ${inner()} break; case 3: ${inner()} break; default: ${inner()} }`;
      case 5: {
        if (!mayEnter) return this.#dice.pick(simple);
        this.#entries.push(`in${id}`);
        return `while (a % 11 != 3) { ${fuel} ${inner()} in${id}: a += b | 1; ${this.#dice.pick(simple)} }`;
      }
      case 6:
        return `{ unsigned char run[a % 13 + 1]; run[0] = b; for (i${id} = 0; i${id} < 5; i${id}++) { ${fuel} run[c % sizeof run] = a; ${inner(false)} c += run[0]; } }`;
      case 7:
        // Nor may labels be there whose address is taken.
        if (!mayEnter) return this.#dice.pick(simple);
        return `{ static const void *const to${id}[] = { &&x${id}, &&y${id}, &&z${id} };
          x${id}: ${fuel} ${inner()} goto *to${id}[a % 3]; y${id}: b += 3; ${fuel} a ^= b; goto *to${id}[b % 3]; z${id}:; }`;
      default:
        return `if (c % 97 == 13) return a ^ c; ${this.#dice.pick(simple)}`;
    }
  }

  counters(): string {
    return Array.from({ length: this.#names }, (_, index) => `unsigned i${String(index + 1)} = 0;`).join(' ');
  }
}

/**
 * A C program with a function `run`, which ends for every argument.
 *
 * @param seed - The same program for the same number.
 * @param fuel - How many iterations all its loops together may have in one call.
 * @returns Its text; no two compilers may differ about what it does.
 */
export function loopProgram(seed: number, fuel = 160): string {
  const writer = new Writer(seed);
  const body = writer.body();
  return `${prelude}
unsigned long run(unsigned long n) {
  long fuel = ${String(fuel)};
  ${locals} ${writer.counters()}
  ${body}
  out:;
  unsigned long result = a + b * 3 + c * 5 + kept * 7 + sum(few, 6) + sum(lent, 6) + sum(many, 40) + own.i + own.s + shown.i + shown.s;
  for (int i = 0; i < 4; i++) result = result * 31 + v[i];
  for (int i = 0; i < 16; i++) result = result * 31 + w[i];
  return result + (unsigned long)(x * 8) + (unsigned long)own.d + (unsigned long)shown.d + (unsigned long)wide + flag + letter;
}`;
}
