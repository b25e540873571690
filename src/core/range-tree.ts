/**
 * Disjoint ranges in order, in a treap: a binary search tree over the starts whose nodes are also a heap over random
 * priorities, so that it is as deep as a random tree is, about 2 log2 n, whatever comes and goes (R. Seidel,
 * C. R. Aragon, Randomized search trees, Algorithmica 16, 1996). Each node knows for each alignment the largest room
 * below it, which makes first fit by address a search of the same depth (augmented trees: Cormen et al., Introduction
 * to Algorithms). One number for all alignments would not do: ten thousand gaps of 12 bytes between blocks aligned to
 * 16 all seem to have room for 4.
 */

/** A range with what belongs to it. */
export interface Range<Value> {
  readonly start: number;
  /** Behind its last byte. */
  readonly end: number;
  readonly value: Value;
}

interface Node<Value> {
  start: number;
  end: number;
  readonly value: Value;
  readonly priority: number;
  /** Room in the range itself, in bytes, for each of the alignments that the tree keeps. */
  readonly own: number[];
  /** The largest room in the subtree, likewise. */
  readonly rooms: number[];
  left: Node<Value> | undefined;
  right: Node<Value> | undefined;
}

/** Disjoint ranges, none empty. Every operation on one range takes logarithmic time. */
export class RangeTree<Value> {
  readonly #alignments: readonly number[];
  #root: Node<Value> | undefined;
  // The same for each tree, so that runs repeat.
  #random = 0x9e3779b9;
  #size = 0;

  /**
   * @param alignments - Powers of two, ascending, that first fit is fast for; by default
   *   none, for a tree that is not asked for room.
   */
  constructor(alignments: readonly number[] = []) {
    this.#alignments = alignments;
  }

  /** Number of ranges. */
  get size(): number {
    return this.#size;
  }

  /** Adds a range that overlaps no other. */
  add(start: number, end: number, value: Value): void {
    const [own, rooms] = [this.#alignments.slice(), this.#alignments.slice()];
    const priority = this.#priority();
    const node: Node<Value> = { start, end, value, priority, own, rooms, left: undefined, right: undefined };
    measure(node, this.#alignments);
    this.#root = inserted(this.#root, updated(node));
    this.#size += 1;
  }

  /**
   * Removes the range that starts here.
   *
   * @returns False if none does.
   */
  remove(start: number): boolean {
    if (this.floor(start)?.start !== start) return false;
    this.#root = removed(this.#root, start);
    this.#size -= 1;
    return true;
  }

  /**
   * Changes where a range lies; it stays between the same neighbours.
   *
   * @param range - A range of this tree.
   * @param start - Where it is to start.
   * @param end - Where it is to end.
   */
  resize(range: Range<Value>, start: number, end: number): void {
    resized(this.#root, range.start, start, end, this.#alignments);
  }

  /** The last range that starts at or below this place. */
  floor(place: number): Range<Value> | undefined {
    let found: Node<Value> | undefined;
    for (let node = this.#root; node !== undefined; ) {
      if (node.start > place) node = node.left;
      else {
        found = node;
        node = node.right;
      }
    }
    return found;
  }

  /** The first range that starts above this place. */
  above(place: number): Range<Value> | undefined {
    let found: Node<Value> | undefined;
    for (let node = this.#root; node !== undefined; ) {
      if (node.start <= place) node = node.right;
      else {
        found = node;
        node = node.left;
      }
    }
    return found;
  }

  /** The last range of all. */
  last(): Range<Value> | undefined {
    return this.floor(Infinity);
  }

  /**
   * Finds the lowest range in which there is room.
   *
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two, that the room's start must be a multiple of.
   * @returns The range; undefined if there is none.
   */
  firstFit(size: number, alignment: number): Range<Value> | undefined {
    // What has no room at a smaller alignment has none at this one either.
    const kept = this.#alignments.findLastIndex((smaller) => smaller <= alignment);
    return fitting(this.#root, size, alignment, kept);
  }

  /** All ranges in order. */
  *[Symbol.iterator](): IterableIterator<Range<Value>> {
    const open: Node<Value>[] = [];
    for (let node = this.#root; node !== undefined || open.length > 0; ) {
      if (node !== undefined) {
        open.push(node);
        node = node.left;
        continue;
      }
      const next = open.pop();
      if (next !== undefined) yield next;
      node = next?.right;
    }
  }

  /** Marsaglia's xorshift of 32 bits. */
  #priority(): number {
    this.#random ^= this.#random << 13;
    this.#random ^= this.#random >>> 17;
    this.#random ^= this.#random << 5;
    return this.#random;
  }
}

/**
 * Rounds up.
 *
 * @param place - Any place.
 * @param alignment - Bytes.
 * @returns The first multiple of the alignment at or above it.
 */
export function alignedStart(place: number, alignment: number): number {
  return Math.ceil(place / alignment) * alignment;
}

function inserted<Value>(root: Node<Value> | undefined, node: Node<Value>): Node<Value> {
  if (root === undefined) return node;
  if (node.priority > root.priority) {
    [node.left, node.right] = split(root, node.start);
    return updated(node);
  }
  if (node.start < root.start) root.left = inserted(root.left, node);
  else root.right = inserted(root.right, node);
  return updated(root);
}

/** What starts below a place, and the rest. */
function split<Value>(
  root: Node<Value> | undefined,
  place: number,
): [Node<Value> | undefined, Node<Value> | undefined] {
  if (root === undefined) return [undefined, undefined];
  if (root.start < place) {
    const [low, high] = split(root.right, place);
    root.right = low;
    return [updated(root), high];
  }
  const [low, high] = split(root.left, place);
  root.left = high;
  return [low, updated(root)];
}

function removed<Value>(root: Node<Value> | undefined, start: number): Node<Value> | undefined {
  if (root === undefined) return undefined;
  if (root.start === start) return merged(root.left, root.right);
  if (start < root.start) root.left = removed(root.left, start);
  else root.right = removed(root.right, start);
  return updated(root);
}

/** Joins two trees, of which all of the first lies below all of the second. */
function merged<Value>(low: Node<Value> | undefined, high: Node<Value> | undefined): Node<Value> | undefined {
  if (low === undefined || high === undefined) return low ?? high;
  if (low.priority > high.priority) {
    low.right = merged(low.right, high);
    return updated(low);
  }
  high.left = merged(low, high.left);
  return updated(high);
}

function resized<Value>(
  root: Node<Value> | undefined,
  place: number,
  start: number,
  end: number,
  alignments: readonly number[],
): void {
  if (root === undefined) return;
  if (root.start === place) {
    root.start = start;
    root.end = end;
    measure(root, alignments);
  } else resized(place < root.start ? root.left : root.right, place, start, end, alignments);
  updated(root);
}

/** Counts the room in the range itself; it may be below zero. */
function measure({ own, start, end }: Node<unknown>, alignments: readonly number[]): void {
  for (const [kept, alignment] of alignments.entries()) own[kept] = end - alignedStart(start, alignment);
}

function updated<Value>(node: Node<Value>): Node<Value> {
  const { own, rooms, left, right } = node;
  const count = own.length;
  for (let kept = 0; kept < count; kept += 1) {
    let most = own[kept] ?? 0;
    if (left !== undefined) most = Math.max(most, left.rooms[kept] ?? 0);
    if (right !== undefined) most = Math.max(most, right.rooms[kept] ?? 0);
    rooms[kept] = most;
  }
  return node;
}

function fitting<Value>(
  root: Node<Value> | undefined,
  size: number,
  alignment: number,
  kept: number,
): Node<Value> | undefined {
  if (root === undefined || (root.rooms[kept] ?? Infinity) < size) return undefined;
  const before = fitting(root.left, size, alignment, kept);
  if (before !== undefined) return before;
  if (alignedStart(root.start, alignment) + size <= root.end) return root;
  return fitting(root.right, size, alignment, kept);
}
