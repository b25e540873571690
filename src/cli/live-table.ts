/** Lays out the live table and the closing summary as text. */
import Table from 'cli-table3';
import type { EngineSnapshot, PublishedEvent } from '../index.js';
import type { LiveMessage } from './live-feed.js';

/** What has been seen of a run so far. */
export interface LiveState {
  readonly published: readonly PublishedEvent[];
  readonly latest: LiveMessage;
}

/** Versions that replaced another one: what a program sees as a swap. */
function swaps(published: readonly PublishedEvent[]): PublishedEvent[] {
  const seen = new Set<string>();
  return published.filter(({ module }) => {
    const again = seen.has(module);
    seen.add(module);
    return again;
  });
}

/**
 * The table of modules, those that changed last on top.
 *
 * @param state - What has been seen.
 * @param rows - Lines that the terminal has.
 * @returns The text.
 */
export function liveTable(state: LiveState, rows: number): string {
  const { snapshot } = state.latest;
  const swapped = swaps(state.published);
  const lastSwap = new Map(swapped.map((event) => [event.module, event]));
  const count = new Map<string, number>();
  for (const { module } of swapped) count.set(module, (count.get(module) ?? 0) + 1);
  const table = new Table({
    head: ['module', 'stage', 'tier', 'swaps', 'compile ms', 'link us', 'publish us', 'code KiB'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right'],
  });
  const modules = [...snapshot.modules].sort(
    (one, other) =>
      (lastSwap.get(other.name)?.atMs ?? 0) - (lastSwap.get(one.name)?.atMs ?? 0) ||
      other.codeBytes - one.codeBytes,
  );
  const shown = modules.slice(0, Math.max(3, rows - 9));
  for (const module of shown) {
    const swap = lastSwap.get(module.name);
    table.push([
      shortName(module.name),
      module.stage,
      module.tier ?? '-',
      count.get(module.name) ?? 0,
      swap?.compileMs.toFixed(1) ?? '-',
      swap?.linkUs.toFixed(0) ?? '-',
      swap?.publishUs.toFixed(1) ?? '-',
      (module.codeBytes / 1024).toFixed(1),
    ]);
  }
  const hidden = modules.length - shown.length;
  const more = hidden > 0 ? `\n… and ${String(hidden)} more modules` : '';
  return `${table.toString()}${more}\n${totals(state)}`;
}

/**
 * One line of totals.
 *
 * @param state - What has been seen.
 * @returns The text.
 */
export function totals(state: LiveState): string {
  const { snapshot } = state.latest;
  const { relocations, memory, publishes } = snapshot;
  const tiers = Object.entries(snapshot.versionsByTier)
    .map(([tier, number]) => `${tier} ${String(number)}`)
    .join(', ');
  return [
    `${(snapshot.wallMs / 1000).toFixed(1)} s`,
    `${String(snapshot.modules.length)} modules: ${tiers}`,
    `${String(swaps(state.published).length)} swaps (publish p50 ${publishes.p50Us.toFixed(1)} us, p99 ${publishes.p99Us.toFixed(1)} us)`,
    `code ${kib(memory.code)}, retired ${kib(memory.retired)}`,
    `${String(relocations.count)} preserved relocations in ${kib(relocations.bytes)}`,
  ].join(' | ');
}

/**
 * The line that a plain terminal prints for a swap.
 *
 * @param event - The publish.
 * @returns The text.
 */
export function swapLine(event: PublishedEvent): string {
  return `${(event.atMs / 1000).toFixed(2)} s  ${shortName(event.module)} -> ${event.tier}  (${event.reason}; compile ${event.compileMs.toFixed(1)} ms, link ${event.linkUs.toFixed(0)} us, publish ${event.publishUs.toFixed(1)} us, ${kib(event.codeBytes)})`;
}

/**
 * The closing summary: where the program spent its time.
 *
 * @param state - What has been seen.
 * @returns The text.
 */
export function summary(state: LiveState): string {
  const { snapshot, timeByTier } = state.latest;
  const sum = Object.values(timeByTier).reduce((total, samples) => total + samples, 0);
  const table = new Table({
    head: ['where the time went', 'share', 'versions published', 'code KiB', 'compile ms'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  });
  const tiers = [...new Set(state.published.map((event) => event.tier))];
  const places = [...tiers, ...Object.keys(timeByTier).filter((place) => !tiers.includes(place))];
  for (const place of places) {
    const events = state.published.filter((event) => event.tier === place);
    const share = sum === 0 ? 0 : ((timeByTier[place] ?? 0) / sum) * 100;
    const add = (pick: (event: PublishedEvent) => number): number =>
      events.reduce((total, event) => total + pick(event), 0);
    table.push([
      place === 'outside' ? 'outside (libc, kernel)' : place,
      `${share.toFixed(1)} %`,
      events.length === 0 ? '' : events.length,
      events.length === 0 ? '' : (add((event) => event.codeBytes) / 1024).toFixed(1),
      events.length === 0 ? '' : add((event) => event.compileMs).toFixed(0),
    ]);
  }
  return `${table.toString()}\n${totals(state)}\n${memoryLine(snapshot)}`;
}

function memoryLine({ memory }: EngineSnapshot): string {
  return `memory: code ${kib(memory.code)}, constants ${kib(memory.readonly)}, data ${kib(memory.data)}, reclaimed ${kib(memory.reclaimed)}`;
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

function shortName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\.(bc|ll|o)$/, '');
}
