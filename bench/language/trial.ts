/** One process of the benchmark `language`: `trial (rill|peak|js) NAME N PASSES` prints each pass in one line. */
import { join } from 'node:path';
import type { Plain } from '../../examples/rill/host.js';
import { Program } from '../../examples/rill/program.js';
import { kernels } from './kernels.js';

const [how = '', name = '', n = '', passes = ''] = process.argv.slice(2);

async function prepare(): Promise<{
  readonly pass: () => Promise<Plain>;
  readonly end: () => Promise<void>;
}> {
  if (how === 'js') {
    const kernel = kernels[name];
    if (kernel === undefined) throw new Error(`there is no program ${name}`);
    return { pass: () => Promise.resolve(kernel(Number(n))), end: () => Promise.resolve() };
  }
  const path = join('examples', 'rill', 'programs', `${name}.rill`);
  const engine = how === 'peak' ? { tiers: ['peak'] } : {};
  const program = await Program.open(path, { engine });
  const module = program.loader.load(path);
  return { pass: () => program.call(module, 'run', BigInt(n)), end: () => program.dispose() };
}

const { pass, end } = await prepare();
for (let done = 0; done < Number(passes); done += 1) {
  process.stdout.write(`${String(await pass()).replaceAll('\n', '|')}\n`);
}
await end();
