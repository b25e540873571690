/** The set-up: its steps in their order, and how they are gone through. */
import { codeCache } from './code-cache.mjs';
import { debianPackages } from './debian-packages.mjs';
import { llvmBindings } from './llvm-bindings.mjs';
import { withLock } from './lock.mjs';
import { nativeAddon } from './native-addon.mjs';
import { npmDependencies } from './npm-dependencies.mjs';
import { platform } from './platform.mjs';
import { Progress, duration } from './progress.mjs';
import { typescript } from './typescript.mjs';

/** @typedef {'addon' | 'run' | 'language' | 'test' | 'bench' | 'ci'} Purpose What the set-up is for. */

/**
 * @typedef {object} Step
 * @property {string} name - What it is about.
 * @property {string} title - What it does.
 * @property {readonly Purpose[]} purposes - What it is needed for.
 * @property {(purpose: Purpose) => string | undefined} inspect - What is missing; undefined where nothing is.
 * @property {(purpose: Purpose, progress: Progress) => Promise<void>} perform - Makes what is missing.
 */

/** @type {readonly Step[]} */
const allSteps = [
  platform,
  debianPackages,
  npmDependencies,
  llvmBindings,
  nativeAddon,
  typescript,
  codeCache,
];

/**
 * Makes everything that a purpose needs and that is missing or out of date.
 *
 * @param {Purpose} purpose - What it is for.
 * @returns {Promise<void>} Settled when all is there.
 * @throws {SetupFailure} if a step fails
 */
export async function setUp(purpose) {
  if (inspectAll(purpose).every(({ missing }) => missing === undefined)) return;
  const startedAt = performance.now();
  await withLock(async () => {
    const steps = stepsFor(purpose);
    const progress = new Progress(steps.length);
    for (const [index, step] of steps.entries()) {
      // Looked at anew: steps before this one change what is missing, and so may a set-up that was waited for.
      const missing = step.inspect(purpose);
      if (missing === undefined) continue;
      progress.begin(index + 1, `${step.title} (${missing})`);
      try {
        await step.perform(purpose, progress);
      } catch (error) {
        progress.end('failed');
        throw error;
      }
      progress.end('done');
    }
  });
  process.stderr.write(`tierlink: set up, ${duration(performance.now() - startedAt)}\n`);
}

/**
 * Looks what is missing, and changes nothing.
 *
 * @param {Purpose} purpose - What it is for.
 * @returns {{ name: string, missing: string | undefined }[]} Each step, and what it would make.
 */
export function inspectAll(purpose) {
  return stepsFor(purpose).map((step) => ({ name: step.name, missing: step.inspect(purpose) }));
}

function stepsFor(/** @type {Purpose} */ purpose) {
  return allSteps.filter((step) => step.purposes.includes(purpose));
}
