/** Finds the native addon, loads it, and checks that it speaks this version's contract. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TierlinkError } from '../core/errors.js';
import { contractVersion, type NativeAddon } from './contract.js';

let loaded: NativeAddon | undefined;

/** Paths that are tried, in order: `TIERLINK_ADDON`, then `build/native` of every folder above this file. */
export function addonCandidates(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = environment['TIERLINK_ADDON'];
  if (named !== undefined && named !== '') return [named];
  const candidates: string[] = [];
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let depth = 0; depth < 4; depth += 1) {
    folder = dirname(folder);
    candidates.push(join(folder, 'build', 'native', 'tierlink.node'));
  }
  return candidates;
}

/**
 * Loads the addon once a process.
 *
 * @returns The addon.
 * @throws TierlinkError PLATFORM_UNSUPPORTED, ADDON_MISSING
 */
export function loadAddon(): NativeAddon {
  loaded ??= loadFrom(addonCandidates(), process.platform, process.arch);
  return loaded;
}

/**
 * Loads the addon from the first candidate that exists.
 *
 * @param candidates - Paths to try.
 * @param platform - Node's name of the operating system.
 * @param architecture - Node's name of the processor.
 * @returns The addon.
 * @throws TierlinkError PLATFORM_UNSUPPORTED, ADDON_MISSING
 */
export function loadFrom(candidates: readonly string[], platform: string, architecture: string): NativeAddon {
  if (platform !== 'linux' || architecture !== 'x64') {
    throw new TierlinkError('PLATFORM_UNSUPPORTED', { platform: `${platform} ${architecture}` });
  }
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new TierlinkError('ADDON_MISSING', { tried: candidates, reason: 'no such file' });
  }
  let addon: NativeAddon;
  try {
    // Safe because the contract version is compared before any other export is used.
    addon = createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TierlinkError('ADDON_MISSING', { tried: [path], reason }, { cause });
  }
  if (addon.contractVersion !== contractVersion) {
    const reason = `it was built for contract ${String(addon.contractVersion)}, this is ${String(contractVersion)}`;
    throw new TierlinkError('ADDON_MISSING', { tried: [path], reason });
  }
  return addon;
}
