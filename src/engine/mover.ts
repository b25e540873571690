/**
 * Moves the code of versions while the program runs. A move is a publish of the same version at another place: it is
 * copied, every preserved relocation is applied there, its unwind table registered, its slots stored and direct calls
 * turned. Threads that are in the old copy stay in it; it is reclaimed when none is. So nobody waits, and at no moment
 * is anything half moved.
 */
import type { Emit } from '../core/events.js';
import { TierlinkError } from '../core/errors.js';
import { type Address, address } from '../core/ids.js';
import { needRelocations } from '../link/discard.js';
import { blockKinds } from '../link/image.js';
import type { MemoryBlock } from '../memory/block.js';
import type { SectionMemory } from '../memory/section-memory.js';
import { Transaction } from '../memory/transaction.js';
import { type LinkedVersion, type LoadedModule, versionsOf } from './loaded-module.js';
import type { Publication, Publisher } from './publisher.js';
import type { Reclaimer } from './reclaimer.js';
import { LatencyRecorder } from './statistics.js';
import type { UnitLinker } from './unit-linker.js';

/** Alignment of every block of a version, in bytes, unless it needs more. */
const blockAlignment = 16;
const pageBytes = 4096;
/** Passes over all units before a compaction is content. */
const passes = 8;

/** What a compaction did. */
export interface Compaction {
  /** Versions that were moved; one that moved twice counts twice. */
  readonly moved: number;
  /** Bytes between the first and the last byte of code in use, before and after. */
  readonly spanBefore: number;
  readonly spanAfter: number;
}

/** What a mover works with. */
export interface MoverParts {
  readonly linker: UnitLinker;
  readonly memory: SectionMemory;
  readonly publisher: Publisher;
  readonly reclaimer: Reclaimer;
  readonly clock: { now(): number };
  readonly emit: Emit;
}

/** Moves versions of one engine. */
export class Mover {
  /** Durations of moves in microseconds, from the first byte copied to the last call turned. */
  readonly latencies: LatencyRecorder = new LatencyRecorder();
  readonly #parts: MoverParts;

  /** @param parts - Linker, memory, publisher. */
  constructor(parts: MoverParts) {
    this.#parts = parts;
  }

  /**
   * Moves a module's code and the constants that belong to it.
   *
   * @param home - A linked module.
   * @param at - Where its code is to begin; by default at the lowest place that is large enough.
   * @throws TierlinkError NOT_LINKED, UNIT_IMMOVABLE, RELOCATIONS_DISCARDED, MEMORY_EXHAUSTED; then nothing has moved.
   */
  move(home: LoadedModule, at?: Address): void {
    const versions = versionsOfLinked(home);
    const { offsets } = this.#sideBySide(versions);
    this.#relocate(
      versions.map((version, index) => ({
        version,
        at: at === undefined ? undefined : address(at + (offsets[index] ?? 0)),
      })),
    );
    this.#parts.reclaimer.soon();
  }

  /**
   * Puts modules side by side, in this order, from a page boundary on.
   *
   * @param homes - Linked modules, each once.
   * @returns Where the first one begins, and the bytes from there to the end of the last.
   * @throws TierlinkError NOT_LINKED, UNIT_IMMOVABLE, RELOCATIONS_DISCARDED, MEMORY_EXHAUSTED; then nothing has moved.
   */
  relayout(homes: readonly LoadedModule[]): { readonly start: Address; readonly bytes: number } {
    const { memory, reclaimer } = this.#parts;
    const versions = homes.flatMap(versionsOfLinked);
    const { offsets, bytes } = this.#sideBySide(versions);
    const start = memory.hole(Math.max(1, bytes), pageBytes);
    if (start === undefined) {
      const module = homes.map(({ record }) => record.name).join(', ');
      const limit = memory.limit('code');
      throw new TierlinkError('MEMORY_EXHAUSTED', { module, region: 'code', needed: bytes, limit });
    }
    this.#relocate(
      versions.map((version, index) => ({ version, at: address(start + (offsets[index] ?? 0)) })),
    );
    reclaimer.soon();
    return { start, bytes };
  }

  /** Where the code of each version begins after the first, and the bytes of all. */
  #sideBySide(versions: readonly LinkedVersion[]): {
    readonly offsets: readonly number[];
    readonly bytes: number;
  } {
    let bytes = 0;
    const offsets = versions.map(({ image }) => {
      const { size, alignment } = image.plan.blocks.code;
      const step = Math.max(alignment, blockAlignment, this.#parts.memory.granularity);
      const offset = Math.ceil(bytes / step) * step;
      bytes = offset + size;
      return offset;
    });
    return { offsets, bytes };
  }

  /**
   * Moves code from the far end of the code into holes nearer to its start, until none fits any more. Old copies
   * that a thread is still in keep their place; call it again later.
   *
   * @param homes - All modules.
   * @returns What it did.
   * @throws TierlinkError RELOCATIONS_DISCARDED
   */
  compact(homes: readonly LoadedModule[]): Compaction {
    const { memory, reclaimer } = this.#parts;
    const inUse = (): LinkedVersion[] => homes.flatMap((home) => [...versionsOf(home)]);
    for (const { image } of inUse()) needRelocations(image, 'compacting');
    const spanBefore = memory.span;
    let moved = 0;
    try {
      for (let pass = 0; pass < passes; pass += 1) {
        const before = moved;
        const movable = inUse().filter(isMovable);
        for (const version of movable.sort((one, other) => startOf(other) - startOf(one))) {
          const { size, alignment } = version.image.plan.blocks.code;
          const hole = size === 0 ? undefined : memory.hole(size, Math.max(alignment, blockAlignment));
          if (hole === undefined || hole >= startOf(version)) continue;
          if (this.#relocateIfRoom(version, hole)) moved += 1;
        }
        // What was moved away from may be free now, and the next pass can move into it.
        reclaimer.now();
        if (moved === before) break;
      }
    } finally {
      // Also if a move failed: those before it left old code.
      reclaimer.soon();
    }
    return { moved, spanBefore, spanAfter: memory.span };
  }

  /** False if something that moves with the code does not fit: then the version stays where it is. */
  #relocateIfRoom(version: LinkedVersion, at: Address): boolean {
    try {
      this.#relocate([{ version, at }]);
      return true;
    } catch (error) {
      if (error instanceof TierlinkError && error.code === 'MEMORY_EXHAUSTED') return false;
      throw error;
    }
  }

  /** All or none. */
  #relocate(moves: readonly { readonly version: LinkedVersion; readonly at: Address | undefined }[]): void {
    const { linker, memory, publisher, clock, emit } = this.#parts;
    const begin = clock.now();
    const transaction = new Transaction(memory);
    const members: Publication[] = [];
    try {
      const placed = moves.map(({ version, at }) => {
        needRelocations(version.image, 'moving');
        if (!isMovable(version)) throw immovable(version);
        const blocks: MemoryBlock[] = [];
        const placement: Record<string, MemoryBlock> = {};
        for (const kind of blockKinds) {
          const { size, alignment } = version.image.plan.blocks[kind];
          if (size === 0) continue;
          const wanted = kind === 'code' ? at : undefined;
          const block = transaction.allocate(
            kind,
            size,
            Math.max(alignment, blockAlignment),
            version.module,
            wanted,
          );
          blocks.push(block);
          placement[kind] = block;
        }
        linker.expect(version.users, { symbols: version.image.symbols, placement });
        return { version, placement, blocks };
      });
      for (const { version, placement, blocks } of placed) {
        const image = linker.relink(transaction, version.home, version.image, placement);
        members.push({ units: [...version.users], version: linker.versionAt(version, image, blocks) });
      }
      linker.seal(
        transaction,
        members.map(({ version }) => version.image),
      );
      transaction.commit();
    } catch (error) {
      transaction.abort();
      throw error;
    } finally {
      linker.expectNothing();
    }
    publisher.relocate(members);
    this.latencies.add((clock.now() - begin) / 1e3);
    for (const [index, { units, version }] of members.entries()) {
      const from = moves[index]?.version;
      emit('moved', {
        module: version.module,
        unit: units[0]?.name ?? version.module,
        version: version.id,
        from: BigInt(from === undefined ? 0 : startOf(from)),
        to: BigInt(startOf(version)),
        bytes: version.codeBytes,
      });
    }
  }
}

function versionsOfLinked(home: LoadedModule): LinkedVersion[] {
  if (!home.isLinked) throw new TierlinkError('NOT_LINKED', { operation: 'move', module: home.record.name });
  return [...versionsOf(home)];
}

/** Variables never move (I1), so what holds any has to stay: objects, and modules whose variables hold labels. */
function isMovable({ home, image }: LinkedVersion): boolean {
  if (home.record.canonical.kind === 'object') return false;
  return image.plan.movable && image.plan.blocks.data.size === 0;
}

function immovable({ home: { record } }: LinkedVersion): TierlinkError {
  const reason = record.pinned === '' ? 'its variables lie among its code' : record.pinned;
  return new TierlinkError('UNIT_IMMOVABLE', { module: record.name, reason });
}

function startOf({ image }: LinkedVersion): number {
  return image.placement.code?.address ?? 0;
}
