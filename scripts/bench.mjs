/** `npm run bench -- <question> [--json] [--runs N] [--plot FILE]`: builds what takes part, and asks one question of it. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureLua } from './lua.mjs';
import { ensureField, ensurePrograms, ensureRedirectable, ensureScale } from './peers.mjs';
import { runAttached, runLogged } from './setup/command.mjs';
import { runScript, SetupFailure } from './setup/failure.mjs';
import { root } from './setup/places.mjs';
import { writeWhole } from './setup/stamp.mjs';
import { setUp } from './setup/steps.mjs';

const output = join(root, 'build', 'bench');

/** Questions, and what each needs built. @type {Readonly<Record<string, () => Promise<object>>>} */
const questions = {
  startup: ensureField,
  steady: ensurePrograms,
  warmup: ensurePrograms,
  profile: ensurePrograms,
  call: async () => ({}),
  relink: async () => ({ lua: await ensureLua() }),
  memory: async () => ({ lua: await ensureLua() }),
  latency: async () => ({ lua: await ensureLua() }),
  scale: ensureScale,
  language: async () => ({}),
  osr: async () => ({}),
  linkage: async () => ({ redirectable: await ensureRedirectable() }),
};

/** Questions whose answer can be drawn. */
const plotted = ['startup', 'steady', 'warmup'];

await runScript(async () => {
  const { question, options } = readWords();
  await setUp('bench');
  const field = join(output, 'field.json');
  writeWhole(field, JSON.stringify(await questions[question]?.()));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await runLogged(process.execPath, [compiler, '-p', 'tsconfig.bench.json'], { log: 'bench' });
  return runAttached(process.execPath, [join(output, 'bench', `${question}.js`), field, ...options]);
});

/** @returns {{ question: string, options: string[] }} What is asked for. */
function readWords() {
  const usage = `Usage: npm run bench -- ${Object.keys(questions).join('|')} [--json] [--runs N] [--plot FILE]`;
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        runs: { type: 'string' },
        plot: { type: 'string' },
      },
    });
    const [question = ''] = positionals;
    if (!(question in questions))
      throw new Error(`the question must be one of ${Object.keys(questions).join(', ')}`);
    if (values.runs !== undefined && !/^[1-9]\d{0,3}$/.test(values.runs))
      throw new Error('--runs takes a number');
    if (values.plot !== undefined && !plotted.includes(question))
      throw new Error(`--plot is for ${plotted.join(', ')}`);
    const options = values.json ? ['--json'] : [];
    if (values.runs !== undefined) options.push('--runs', values.runs);
    if (values.plot !== undefined) options.push('--plot', resolve(values.plot));
    return { question, options };
  } catch (error) {
    throw new SetupFailure(error instanceof Error ? error.message : String(error), usage);
  }
}
