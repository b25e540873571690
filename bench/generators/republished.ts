/** C of a unit that is published again and again. */

/** Few: ten thousand compiles of many would take an hour. */
const functions = 3;

/**
 * Writes the unit.
 *
 * @returns Its text: functions that call each other and libc, with globals, strings and a switch.
 */
export function republishedUnit(): string {
  const bodies = Array.from({ length: functions }, (_, index) => {
    const next = `step_${String((index + 1) % functions)}`;
    return `__attribute__((noinline)) long step_${String(index)}(long a) {
  calls++;
  if (a < 1) return ${String(index)};
  switch (a & 7) {
    case 0: return ${next}(a - 1);
    case 1: return ${next}(a >> 1) + calls;
    case 2: return labs(a) + ${next}(a - 2);
    case 3: return (long)strlen("step ${String(index)}") + ${next}(a - 3);
    case 4: return ${next}(a - 4) ^ 5;
    default: return ${next}(a - 5);
  }
}`;
  });
  const declared = Array.from({ length: functions }, (_, index) => `long step_${String(index)}(long);`);
  return `#include <stdlib.h>\n#include <string.h>\nstatic long calls;\n${[...declared, ...bodies].join('\n')}\n`;
}
