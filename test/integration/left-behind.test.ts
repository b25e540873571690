/** What publishing, moving, replacing and removing leave behind in the JavaScript heap: nothing that grows. */
import { queryObjects } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { engineFor, linkages, pause } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const rounds = 60;
const tiers = ['baseline', 'quick', 'optimized', 'peak'];
const sources = [0, 1].map((added) =>
  bitcode(
    `int other(int); int step(int x) { return x + ${String(added)}; } int call(int x) { return other(x); }`,
  ),
);
const other = bitcode('int other(int x) { return 2 * x; }');

/** Objects that are alive, by class; arrays and closures are objects, too. */
function alive(): number[] {
  return [Object, Map, Set, Array].map((kind) => queryObjects(kind, { format: 'count' }));
}

describe.each(['module', 'function'] as const)('in units of one %s', (unit) => {
  it.each(linkages)(
    'no object stays for each time that code is published, moved or replaced (%s)',
    async (linkage) => {
      const engine = engineFor({ linkage, unit, policy: 'never' });
      engine.addModule('unit', sources[0] ?? '');
      engine.addModule('other', other);
      await engine.link();
      const call = engine.fn('call');
      const change = async (): Promise<number[]> => {
        for (let round = 0; round < rounds; round += 1) {
          await engine.recompile('unit', tiers[round % tiers.length] ?? '');
          expect(call(round)).toBe(2 * round);
          engine.move('unit');
          if (round % 10 !== 0) continue;
          await engine.replaceModule('unit', sources[(round / 10) % 2] ?? '');
          await engine.removeModule('other', { force: true });
          engine.addModule('other', other);
          await engine.link();
          expect(call(round)).toBe(2 * round);
        }
        engine.reclaim();
        // What waits for the next turn of the event loop is done by then.
        await pause(10);
        return alive();
      };
      await change();
      const before = await change();
      const after = await change();
      for (const [index, count] of after.entries())
        expect(count - (before[index] ?? 0)).toBeLessThan(rounds / 2);
    },
  );
});
