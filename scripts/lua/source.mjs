/** The source of Lua 5.4, from Debian's archive: fetched once, checked by its hash, unpacked. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { runLogged } from '../setup/command.mjs';
import { SetupFailure } from '../setup/failure.mjs';
import { cacheFolder } from '../setup/places.mjs';
import { writeWhole } from '../setup/stamp.mjs';

const fetchTimeoutMs = 60_000;
const name = 'lua5.4_5.4.4.orig.tar.gz';
const poolPath = `pool/main/l/lua5.4/${name}`;
/** As Debian's signed lua5.4_5.4.4-3+deb12u1.dsc has it. */
const archiveSha256 = '164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61';
const folder = join(cacheFolder, 'lua');
const archivePath = join(folder, name);

/** Where the C files are once {@link ensureSource} has settled. */
export const sourceFolder = join(folder, 'lua-5.4.4', 'src');

/**
 * Makes the sources be there.
 *
 * @param {(detail: string) => void} say - Told what is being done.
 * @returns {Promise<void>} Settled when they are.
 * @throws {SetupFailure} if they can't be fetched
 */
export async function ensureSource(say) {
  if (existsSync(join(sourceFolder, 'lua.c'))) return;
  if (existsSync(archivePath)) {
    const problem = check(readFileSync(archivePath));
    if (problem !== undefined) {
      throw new SetupFailure(
        `${archivePath} is not Debian's archive: ${problem}`,
        'Remove it, then run the same command again.',
      );
    }
  } else {
    await fetchArchive(say);
  }
  // Unpacked beside its place and moved there whole, so that a half is never taken for all.
  const unpacked = join(folder, `unpacked-${process.pid}`);
  mkdirSync(unpacked, { recursive: true });
  await runLogged('tar', ['-xzf', archivePath, '-C', unpacked], { log: 'lua-source' });
  const place = dirname(sourceFolder);
  rmSync(place, { recursive: true, force: true });
  renameSync(join(unpacked, 'lua-5.4.4'), place);
  rmSync(unpacked, { recursive: true, force: true });
}

/** Tries each mirror in turn; the hash makes plain http as good as https. */
async function fetchArchive(/** @type {(detail: string) => void} */ say) {
  const own = process.env['TIERLINK_DEBIAN_MIRROR'];
  const mirrors =
    own === undefined || own === '' ? ['https', 'http'].map((s) => `${s}://deb.debian.org/debian`) : [own];
  const urls = mirrors.map((mirror) => `${mirror.replace(/\/+$/, '')}/${poolPath}`);
  /** @type {string[]} */
  const failures = [];
  const attempt = async (/** @type {string} */ url, /** @type {() => Promise<Uint8Array>} */ get) => {
    say(`from ${url}`);
    try {
      const bytes = await get();
      const problem = check(bytes);
      if (problem === undefined) {
        writeWhole(archivePath, bytes);
        return true;
      }
      failures.push(`  ${url}: ${problem}`);
    } catch (error) {
      failures.push(`  ${url}: ${reasonOf(error)}`);
    }
    return false;
  };
  for (const url of urls) if (await attempt(url, () => fetchBytes(url))) return;
  const aptUrl = await urlFromApt();
  if (aptUrl !== undefined && (await attempt(aptUrl, () => fetchWithApt(aptUrl)))) return;
  throw new SetupFailure(
    `the source of Lua can't be fetched:\n${failures.join('\n')}`,
    `Give a mirror in TIERLINK_DEBIAN_MIRROR (like http://deb.debian.org/debian), or place the file, from wherever\n` +
      `you can reach it, at\n  ${relative(process.cwd(), archivePath) || archivePath}`,
  );
}

/** @returns {Promise<Uint8Array>} What the URL gives. */
async function fetchBytes(/** @type {string} */ url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(fetchTimeoutMs) });
  if (!response.ok) throw new Error(`HTTP status ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * apt may know a mirror or a proxy where this process knows none: it is asked where it would get the package of the same
 * source from, which changes nothing.
 *
 * @returns {Promise<string | undefined>} The archive's URL there.
 */
async function urlFromApt() {
  try {
    const args = ['download', '-q', '--print-uris', 'lua5.4'];
    const { stdout } = await promisify(execFile)('apt-get', args, { timeout: fetchTimeoutMs });
    const url = /'([^']+)\/[^/']+\.deb'/.exec(stdout)?.[1];
    return url === undefined ? undefined : `${url}/${name}`;
  } catch {
    return undefined;
  }
}

/** @returns {Promise<Uint8Array>} What apt's own downloader gets, with the proxy that apt is set up with. */
async function fetchWithApt(/** @type {string} */ url) {
  mkdirSync(folder, { recursive: true });
  const path = `${archivePath}.apt-${process.pid}`;
  try {
    await promisify(execFile)('/usr/lib/apt/apt-helper', ['download-file', url, path], {
      timeout: fetchTimeoutMs,
    });
    return readFileSync(path);
  } finally {
    rmSync(path, { force: true });
  }
}

/** @returns {string | undefined} What is wrong with an archive. */
function check(/** @type {Uint8Array} */ bytes) {
  const found = createHash('sha256').update(bytes).digest('hex');
  return found === archiveSha256 ? undefined : `its SHA-256 is ${found}, not ${archiveSha256}`;
}

/** fetch hides the reason in the cause. */
function reasonOf(/** @type {unknown} */ error) {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const inner = cause instanceof AggregateError ? cause.errors.map(String).join(', ') : cause;
  const reason =
    inner === undefined
      ? error.message
      : `${error.message}: ${inner instanceof Error ? inner.message : String(inner)}`;
  return reason.trim();
}
