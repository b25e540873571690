/** One process's samples for `latency`: how long small compiles take while the pool is idle, or optimises. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CompilePriority } from '../src/core/compile-ticket.js';
import type { CompileRequest } from '../src/core/compiler.js';
import type { TierRecipe } from '../src/core/tier.js';
import type { NativeAddon } from '../src/native/contract.js';
import { LlvmCompiler } from '../src/native/llvm-compiler.js';
import { ingestWith } from '../src/native/ingest.js';
import { loadAddon } from '../src/native/loader.js';
import { baseline, peak } from '../tiers/recipes.js';

/** What happens in one process. */
export interface LatencySetting {
  /** Bitcode files of what is optimised meanwhile; none: the pool is idle. */
  readonly modules: readonly string[];
  readonly threads: number;
  /** `lazy`: as first calls ask. `in turn`: as if there were no priorities. */
  readonly order: 'lazy' | 'in turn';
  readonly samples: number;
}

/** What was seen; all times in ms. */
export interface LatencySamples {
  /** From submit to result, each. */
  readonly waited: readonly number[];
  /** From submit until a thread began, each. */
  readonly queued: readonly number[];
  /** How many optimising jobs began after one was submitted and before it began: the most. */
  readonly overtaken: number;
  /** What the optimising jobs took, each. */
  readonly optimising: readonly number[];
}

/** Optimising jobs that are kept queued or running. */
const kept = 8;

const small = 'define i32 @f(i32 %x) {\n  %y = mul i32 %x, 3\n  %z = add i32 %y, 1\n  ret i32 %z\n}\n';

function canonical(
  addon: NativeAddon,
  id: number,
  name: string,
  bytes: Uint8Array,
  text = false,
): Uint8Array {
  const source = { bytes, format: text ? 'ir' : 'bitcode' } as const;
  const [seen] = ingestWith(addon)([{ source, id, name, lazy: false }]);
  if (seen === undefined || seen instanceof Error) throw new Error(name, { cause: seen });
  return seen.code;
}

/**
 * Compiles.
 *
 * @param setting - What, and meanwhile what.
 * @returns The samples.
 */
export async function latencyTrial({
  modules,
  threads,
  order,
  samples,
}: LatencySetting): Promise<LatencySamples> {
  const addon = loadAddon();
  const compiler = new LlvmCompiler(addon, threads);
  const request = (module: string, bitcode: Uint8Array, tier: TierRecipe, priority: CompilePriority) => {
    const made: CompileRequest = {
      module,
      bitcode,
      part: 'code',
      tier: { ...tier, counters: false },
      calls: 'direct',
      near: [],
      priority,
    };
    return made;
  };
  const inTurn: CompilePriority = { kind: 'tier-up', heat: 1 };
  const begun: number[] = [];
  const optimising: number[] = [];
  let open = true;
  const optimise = async (bitcodes: readonly Uint8Array[], first: number): Promise<void> => {
    for (let next = first; open; next += kept) {
      const bitcode = bitcodes[next % bitcodes.length] ?? new Uint8Array();
      const at = performance.now();
      const done = await compiler.compile(request('optimised', bitcode, peak, inTurn)).catch(() => undefined);
      if (done === undefined) return;
      begun.push(at + done.queuedMs);
      optimising.push(done.compileMs);
    }
  };
  const bitcodes = modules.map((path, index) =>
    canonical(addon, index + 1, basename(path, '.bc'), readFileSync(path)),
  );
  const wanted = request(
    'small',
    canonical(addon, modules.length + 1, 'small', new TextEncoder().encode(small), true),
    baseline,
    order === 'lazy' ? { kind: 'lazy' } : inTurn,
  );
  for (let round = 0; round < 30; round += 1) await compiler.compile(wanted);
  const busy =
    bitcodes.length === 0 ? [] : Array.from({ length: kept }, (_, index) => optimise(bitcodes, index));

  const seen: { at: number; waited: number; queued: number }[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    // Never in step with the optimising jobs.
    await sleep(3 + ((sample * 7) % 23));
    const at = performance.now();
    const { queuedMs } = await compiler.compile(wanted);
    seen.push({ at, waited: performance.now() - at, queued: queuedMs });
  }
  open = false;
  await compiler.destroy();
  await Promise.all(busy);
  const overtakers = seen.map(
    ({ at, queued }) => begun.filter((time) => time > at && time < at + queued).length,
  );
  return {
    waited: seen.map(({ waited }) => waited),
    queued: seen.map(({ queued }) => queued),
    overtaken: Math.max(...overtakers),
    optimising,
  };
}
