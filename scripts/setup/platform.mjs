/** First step: the processor, the operating system and Node.js are ones that tierlink runs on. */
import { SetupFailure } from './failure.mjs';

const oldestNode = [20, 19];

/** @type {import('./steps.mjs').Step} */
export const platform = {
  name: 'platform',
  title: 'checking the platform',
  purposes: ['addon', 'run', 'language', 'test', 'bench', 'ci'],
  inspect() {
    return missing() === undefined ? undefined : 'not supported';
  },
  perform() {
    const failure = missing();
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  },
};

function missing() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return new SetupFailure(
      `PLATFORM_UNSUPPORTED: tierlink does not run on ${process.platform} ${process.arch}`,
      'Use Linux on x86-64.',
    );
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = oldestNode;
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    return new SetupFailure(
      `tierlink does not run on Node.js ${process.versions.node}`,
      `Use Node.js ${oldestNode.join('.')} or later.`,
    );
  }
  return undefined;
}
