/** One process for `profile`: a program whose functions are all compiled by one recipe when they are first called. */
import { parseArgs } from 'node:util';
import { createEngine, type TierRecipe } from '../src/index.js';
import { peak } from '../tiers/recipes.js';

/** How its code is made. */
export interface ProfileSetting {
  readonly recipe: TierRecipe;
  /** A profile to begin with. */
  readonly use?: string;
  /** Where to write what was counted. */
  readonly out?: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { setting: { type: 'string', default: '' }, modules: { type: 'string', default: '' } },
});
// Safe because profile.ts, which starts this process, wrote it.
const { recipe, use, out } = JSON.parse(values.setting) as ProfileSetting;
const engine = createEngine({
  control: 'inline',
  unit: 'function',
  bodies: 'lazy',
  policy: 'never',
  // The top of a ladder neither counts nor polls; so what is measured lies below one.
  tiers: [recipe, { ...peak, name: 'never reached' }],
  ...(use === undefined ? {} : { profile: use }),
});
engine.addModules(values.modules.split('\n').map((path) => ({ name: path, source: { path } })));
await engine.link();
const { status } = await engine.run('main', ['program', ...positionals]);
if (out !== undefined) engine.profile().save(out);
await engine.dispose();
process.exitCode = status;
