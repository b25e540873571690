/** Second step: Debian's packages, installed with apt-get where this user may do so without being asked. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { runLogged } from './command.mjs';
import { SetupFailure } from './failure.mjs';

const statusPath = '/var/lib/dpkg/status';

/** What each purpose needs. LLVM 14 and zlib are what llvm-bindings is built with. */
const addonPackages = ['llvm-22-dev', 'g++', 'cmake', 'ninja-build'];
const runPackages = [...addonPackages, 'clang-22'];
const languagePackages = [...runPackages, 'llvm-14-dev', 'zlib1g-dev'];
const testPackages = [...languagePackages, 'lld-22', 'gdb'];

/** @type {Record<import('./steps.mjs').Purpose, readonly string[]>} */
const packagesFor = {
  addon: addonPackages,
  run: runPackages,
  language: languagePackages,
  test: testPackages,
  bench: [...testPackages, 'llvm-22', 'wasi-libc', 'libclang-rt-22-dev', 'libclang-rt-22-dev-wasm32'],
  ci: [...testPackages, 'clang-format-22', 'clang-tidy-22'],
};

/** @type {import('./steps.mjs').Step} */
export const debianPackages = {
  name: 'Debian packages',
  title: 'installing Debian packages',
  purposes: ['addon', 'run', 'language', 'test', 'bench', 'ci'],
  inspect(purpose) {
    const missing = missingPackages(purpose);
    return missing.length === 0 ? undefined : missing.join(' ');
  },
  async perform(purpose, progress) {
    const missing = missingPackages(purpose);
    const words = ['install', '-y', '--no-install-recommends', ...missing];
    const prefix = rights(missing);
    const onLine = (/** @type {string} */ line) => {
      // dlstatus:<index>:<percent>:<text> and pmstatus:<package>:<percent>:<text>
      const status = /^(dl|pm)status:[^:]*:([\d.]+):(.*)/.exec(line);
      if (status !== null) progress.update(Number(status[2]), status[3]);
    };
    const aptGet = (/** @type {readonly string[]} */ args) => {
      const settings = [
        '-q',
        '-o',
        'APT::Status-Fd=1',
        '-o',
        'DPkg::Lock::Timeout=300',
        '-o',
        'Dpkg::Use-Pty=0',
      ];
      const [program = 'env', ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
      return runLogged(program, [...rest, ...settings, ...args], { log: 'debian-packages', onLine });
    };
    try {
      // Most often the lists are there and good; an empty or stale list fails here, quickly.
      await aptGet(words);
    } catch {
      progress.update(-1, 'reading the package lists');
      await aptGet(['update']).catch(() => undefined);
      await aptGet(words).catch((/** @type {SetupFailure} */ error) => {
        throw new SetupFailure(error.message, remedy(missing), { cause: error });
      });
    }
  },
};

/** @returns {string[]} Words before apt-get that give the right to install. */
function rights(/** @type {readonly string[]} */ missing) {
  if (!existsSync(statusPath) || !existsSync('/usr/bin/apt-get')) {
    throw new SetupFailure(
      `this system has no apt-get to install ${missing.join(', ')} with`,
      'tierlink is built on Debian 12; use that, for instance in a container.',
    );
  }
  if (process.getuid?.() === 0) return [];
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return ['sudo', '-n'];
  throw new SetupFailure(
    `Debian packages are missing, and this user may not install them: ${missing.join(', ')}`,
    `Run this, then the same command again:\n  ${byHand(missing)}`,
  );
}

function byHand(/** @type {readonly string[]} */ missing) {
  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  return `sudo sh -c 'apt-get update && ${install}'`;
}

function remedy(/** @type {readonly string[]} */ missing) {
  return [
    'LLVM 22 is in Debian 12 with its security updates (suite bookworm-security); on other releases it comes from',
    `apt.llvm.org. Once apt finds the packages:\n  ${byHand(missing)}`,
  ].join('\n');
}

/** @returns {string[]} Packages that are needed and not installed. */
function missingPackages(/** @type {import('./steps.mjs').Purpose} */ purpose) {
  const installed = installedPackages();
  return packagesFor[purpose].filter((name) => !installed.has(name));
}

/** Reads dpkg's own file: asking dpkg-query takes ten times as long. */
function installedPackages() {
  if (!existsSync(statusPath)) return new Set();
  const found = readFileSync(statusPath, 'utf8').matchAll(/^Package: (\S+)\nStatus: install ok installed$/gm);
  return new Set(Array.from(found, ([, name]) => name));
}
