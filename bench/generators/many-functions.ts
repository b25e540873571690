/** C of programs that define much and call little: as most programs do. */

/** What a program has. */
export interface ProgramSize {
  readonly modules: number;
  /** Functions of each module. */
  readonly functions: number;
  /** How many of all functions main calls. */
  readonly called: number;
}

/**
 * Writes the modules.
 *
 * @param size - How large the program is.
 * @returns Their texts; the first has main, which prints one line.
 */
export function manyFunctions({ modules, functions, called }: ProgramSize): string[] {
  const total = modules * functions;
  const name = (index: number): string => `work_${String(index % total)}`;
  const texts = Array.from({ length: modules }, (_, module) => {
    const first = module * functions;
    const bodies = Array.from({ length: functions }, (_, nth) => body(first + nth, name));
    const needed = Array.from({ length: functions }, (_, nth) => [
      next(first + nth),
      far(first + nth),
    ]).flat();
    const declared = [...new Set(needed.map(name))].map((callee) => `long ${callee}(long, long);`);
    return `${declared.join('\n')}\n${bodies.join('\n')}\n`;
  });
  const calls = Array.from({ length: called }, (_, nth) => name(Math.floor((nth * total) / called)));
  const main = `
int printf(const char *, ...);
${[...new Set(calls)].map((callee) => `long ${callee}(long, long);`).join('\n')}
int main(void) {
  long sum = 0;
${calls.map((callee, nth) => `  sum += ${callee}(${String(nth + 1)}, sum & 15);`).join('\n')}
  printf("%ld\\n", sum);
  return 0;
}
`;
  return [`${texts[0] ?? ''}${main}`, ...texts.slice(1)];
}

function next(index: number): number {
  return index + 1;
}

function far(index: number): number {
  return index * 31 + 17;
}

/** Some sixty instructions; calls others only for arguments that main never gives. */
function body(index: number, name: (index: number) => string): string {
  const own = String(index);
  return `
static long state_${own} = ${own};
long ${name(index)}(long a, long b) {
  long sum = a ^ ${own};
  for (long i = 0; i < (b & 7); i++) {
    if (sum & 1) sum = sum * 3 + i; else sum = (sum >> 1) ^ (a << (i & 3));
    state_${own} += sum & 15;
  }
  if (a < 0) return ${name(next(index))}(b, sum) + ${name(far(index))}(sum, a - 1);
  switch (b & 3) {
    case 0: sum += state_${own}; break;
    case 1: sum -= a * b; break;
    case 2: sum ^= a + ${own}; break;
    default: sum = sum * 5 + b;
  }
  return sum & 0xffff;
}`;
}
