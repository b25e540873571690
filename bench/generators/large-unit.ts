/** C of one large translation unit: functions that call each other, read and write globals, and switch over cases. */

/** Functions of the unit. */
export const largeUnitFunctions = 5_200;

const globals = 400;
const switchEvery = 8;

/**
 * Writes the unit.
 *
 * @returns Its text.
 */
export function largeUnit(): string {
  const count = largeUnitFunctions;
  const global = (index: number): string => `global_${String(index % globals)}`;
  const callee = (index: number): string => `unit_${String(index % count)}`;
  const declarations = Array.from({ length: count }, (_, index) => `long ${callee(index)}(long, long);`);
  const variables = Array.from(
    { length: globals },
    (_, index) => `long ${global(index)} = ${String(index)};`,
  );
  const bodies = Array.from({ length: count }, (_, index) => {
    const head = `__attribute__((noinline)) long ${callee(index)}(long a, long b) {`;
    if (index % switchEvery !== 0) {
      return `${head}
  ${global(index * 7)} += a;
  if (b > ${String(index)}) return ${callee(index * 31 + 17)}(a ^ ${global(index * 13)}, b - 1);
  report("unit %ld of ${String(index)}", a);
  return ${callee(index * 61 + 5)}(b, a) + ${global(index * 3 + 1)};
}`;
    }
    const cases = Array.from(
      { length: 9 },
      (_, nth) => `    case ${String(nth)}: return ${callee(index * 11 + nth * 97)}(b, ${String(nth)}) + b;`,
    );
    return `${head}
  switch (a) {
${cases.join('\n')}
    default: return ${global(index)};
  }
}`;
  });
  return `void report(const char *, long);\n${[...declarations, ...variables, ...bodies].join('\n')}\n`;
}
