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
import type { Publication, Publisher } from './publisher.js';
import type { Reclaimer } from './reclaimer.js';
import { LatencyRecorder } from './statistics.js';
import type { LinkedVersion, Unit } from './unit.js';
import type { UnitLinker } from './unit-linker.js';

/** Alignment of every block of a version, in bytes, unless it needs more. */
const blockAlignment = 16;
const pageBytes = 4096;
/** Passes over all units before a compaction is content. */
const passes = 8;

/** What a compaction did. */
export interface Compaction {
  /** Units that were moved; one that moved twice counts twice. */
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
   * Moves a unit's code and the constants that belong to it.
   *
   * @param unit - A linked unit.
   * @param at - Where its code is to begin; by default at the lowest place that is large enough.
   * @throws TierlinkError NOT_LINKED, UNIT_IMMOVABLE, RELOCATIONS_DISCARDED, MEMORY_EXHAUSTED; then nothing has moved.
   */
  move(unit: Unit, at?: Address): void {
    this.#relocate([{ unit, at }]);
    this.#parts.reclaimer.soon();
  }

  /**
   * Puts units side by side, in this order, from a page boundary on.
   *
   * @param units - Linked units, each once.
   * @returns Where the first one begins, and the bytes from there to the end of the last.
   * @throws TierlinkError NOT_LINKED, UNIT_IMMOVABLE, RELOCATIONS_DISCARDED, MEMORY_EXHAUSTED; then nothing has moved.
   */
  relayout(units: readonly Unit[]): { readonly start: Address; readonly bytes: number } {
    const { memory, reclaimer } = this.#parts;
    let end = 0;
    const offsets = units.map((unit) => {
      const { size, alignment } = versionOf(unit).image.plan.blocks.code;
      const step = Math.max(alignment, blockAlignment, memory.granularity);
      const offset = Math.ceil(end / step) * step;
      end = offset + size;
      return offset;
    });
    const start = memory.hole(Math.max(1, end), pageBytes);
    if (start === undefined) {
      const module = units.map((unit) => unit.module.name).join(', ');
      throw new TierlinkError('MEMORY_EXHAUSTED', {
        module,
        region: 'code',
        needed: end,
        limit: memory.limit('code'),
      });
    }
    this.#relocate(units.map((unit, index) => ({ unit, at: address(start + (offsets[index] ?? 0)) })));
    reclaimer.soon();
    return { start, bytes: end };
  }

  /**
   * Moves units from the far end of the code into holes nearer to its start, until none fits any more. Old copies
   * that a thread is still in keep their place; call it again later.
   *
   * @param units - All units.
   * @returns What it did.
   * @throws TierlinkError RELOCATIONS_DISCARDED
   */
  compact(units: readonly Unit[]): Compaction {
    const { memory, reclaimer } = this.#parts;
    for (const { version } of units) if (version !== undefined) needRelocations(version.image, 'compacting');
    const spanBefore = memory.span;
    let moved = 0;
    for (let pass = 0; pass < passes; pass += 1) {
      const before = moved;
      const movable = units.filter(isMovable);
      for (const unit of movable.sort((one, other) => startOf(other) - startOf(one))) {
        const { size, alignment } = versionOf(unit).image.plan.blocks.code;
        const hole = size === 0 ? undefined : memory.hole(size, Math.max(alignment, blockAlignment));
        if (hole === undefined || hole >= startOf(unit)) continue;
        if (this.#relocateIfRoom(unit, hole)) moved += 1;
      }
      // What was moved away from may be free now, and the next pass can move into it.
      reclaimer.now();
      if (moved === before) break;
    }
    reclaimer.soon();
    return { moved, spanBefore, spanAfter: memory.span };
  }

  /** False if something that moves with the code does not fit: then the unit stays where it is. */
  #relocateIfRoom(unit: Unit, at: Address): boolean {
    try {
      this.#relocate([{ unit, at }]);
      return true;
    } catch (error) {
      if (error instanceof TierlinkError && error.code === 'MEMORY_EXHAUSTED') return false;
      throw error;
    }
  }

  /** All or none. */
  #relocate(moves: readonly { readonly unit: Unit; readonly at: Address | undefined }[]): void {
    const { linker, memory, publisher, clock, emit } = this.#parts;
    const begin = clock.now();
    const transaction = new Transaction(memory);
    const members: Publication[] = [];
    try {
      const placed = moves.map(({ unit, at }) => {
        const version = versionOf(unit);
        needRelocations(version.image, 'moving');
        if (!isMovable(unit)) throw immovable(unit);
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
        linker.expect(unit, { symbols: version.image.symbols, placement });
        return { unit, version, placement, blocks };
      });
      for (const { unit, version, placement, blocks } of placed) {
        const image = linker.relink(transaction, unit, version.image, placement);
        members.push({ unit, version: linker.versionAt(version, image, blocks) });
      }
      transaction.commit();
    } catch (error) {
      transaction.abort();
      throw error;
    } finally {
      linker.expectNothing();
    }
    const from = members.map(({ unit }) => startOf(unit));
    publisher.relocate(members);
    this.latencies.add((clock.now() - begin) / 1e3);
    for (const [index, { unit, version }] of members.entries()) {
      emit('moved', {
        module: version.module,
        unit: version.module,
        version: version.id,
        from: BigInt(from[index] ?? 0),
        to: BigInt(startOf(unit)),
        bytes: version.codeBytes,
      });
    }
  }
}

function versionOf(unit: Unit): LinkedVersion {
  if (unit.version === undefined) {
    throw new TierlinkError('NOT_LINKED', { operation: 'move', module: unit.module.name });
  }
  return unit.version;
}

/** Variables never move (I1), so what holds any has to stay: objects, and modules whose variables hold labels. */
function isMovable({ module, version }: Unit): boolean {
  if (version === undefined || module.canonical.kind === 'object') return false;
  const { plan } = version.image;
  return plan.movable && plan.blocks.data.size === 0;
}

function immovable({ module }: Unit): TierlinkError {
  const reason = module.pinned === '' ? 'its variables lie among its code' : module.pinned;
  return new TierlinkError('UNIT_IMMOVABLE', { module: module.name, reason });
}

function startOf({ version }: Unit): number {
  return version?.image.placement.code?.address ?? 0;
}
