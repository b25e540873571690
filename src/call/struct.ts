/** Structs as C lays them out, over bytes that compiled code is given by pointer. */
import { TierlinkError } from '../core/errors.js';

/** A plain field, as it is stored and as JS sees it. */
interface Scalar<Value> {
  readonly size: number;
  readonly expected: string;
  accepts(value: unknown): boolean;
  get(view: DataView, at: number): Value;
  set(view: DataView, at: number, value: Value): void;
}

function whole(
  size: number,
  low: number,
  high: number,
  get: Getter<number>,
  set: Setter<number>,
): Scalar<number> {
  const accepts = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
  const expected = `an integer from ${String(low)} to ${String(high)}`;
  return {
    size,
    expected,
    accepts,
    get: (view, at) => get(view)(at, true),
    set: (view, at, value) => {
      set(view)(at, value, true);
    },
  };
}

type Getter<Value> = (view: DataView) => (at: number, little: boolean) => Value;
type Setter<Value> = (view: DataView) => (at: number, value: Value, little: boolean) => void;

function wide(low: bigint, high: bigint, get: Getter<bigint>, set: Setter<bigint>): Scalar<bigint> {
  const accepts = (value: unknown): boolean => typeof value === 'bigint' && value >= low && value <= high;
  const expected = `a bigint from ${String(low)} to ${String(high)}`;
  return {
    size: 8,
    expected,
    accepts,
    get: (view, at) => get(view)(at, true),
    set: (view, at, value) => {
      set(view)(at, value, true);
    },
  };
}

function real(size: number, get: Getter<number>, set: Setter<number>): Scalar<number> {
  const accepts = (value: unknown): boolean => typeof value === 'number';
  return {
    size,
    expected: 'a number',
    accepts,
    get: (view, at) => get(view)(at, true),
    set: (view, at, value) => {
      set(view)(at, value, true);
    },
  };
}

/** Each plain type with what JS sees of it. */
export interface ScalarValues {
  readonly i8: number;
  readonly u8: number;
  readonly i16: number;
  readonly u16: number;
  readonly i32: number;
  readonly u32: number;
  readonly i64: bigint;
  readonly u64: bigint;
  readonly ptr: bigint;
  readonly float: number;
  readonly double: number;
  readonly bool: boolean;
}

/** Name of a plain type. */
export type ScalarName = keyof ScalarValues;

const scalars: { readonly [Name in ScalarName]: Scalar<ScalarValues[Name]> } = {
  i8: whole(
    1,
    -(2 ** 7),
    2 ** 7 - 1,
    (v) => v.getInt8.bind(v),
    (v) => v.setInt8.bind(v),
  ),
  u8: whole(
    1,
    0,
    2 ** 8 - 1,
    (v) => v.getUint8.bind(v),
    (v) => v.setUint8.bind(v),
  ),
  i16: whole(
    2,
    -(2 ** 15),
    2 ** 15 - 1,
    (v) => v.getInt16.bind(v),
    (v) => v.setInt16.bind(v),
  ),
  u16: whole(
    2,
    0,
    2 ** 16 - 1,
    (v) => v.getUint16.bind(v),
    (v) => v.setUint16.bind(v),
  ),
  i32: whole(
    4,
    -(2 ** 31),
    2 ** 31 - 1,
    (v) => v.getInt32.bind(v),
    (v) => v.setInt32.bind(v),
  ),
  u32: whole(
    4,
    0,
    2 ** 32 - 1,
    (v) => v.getUint32.bind(v),
    (v) => v.setUint32.bind(v),
  ),
  i64: wide(
    -(2n ** 63n),
    2n ** 63n - 1n,
    (v) => v.getBigInt64.bind(v),
    (v) => v.setBigInt64.bind(v),
  ),
  u64: wide(
    0n,
    2n ** 64n - 1n,
    (v) => v.getBigUint64.bind(v),
    (v) => v.setBigUint64.bind(v),
  ),
  ptr: wide(
    0n,
    2n ** 64n - 1n,
    (v) => v.getBigUint64.bind(v),
    (v) => v.setBigUint64.bind(v),
  ),
  float: real(
    4,
    (v) => v.getFloat32.bind(v),
    (v) => v.setFloat32.bind(v),
  ),
  double: real(
    8,
    (v) => v.getFloat64.bind(v),
    (v) => v.setFloat64.bind(v),
  ),
  bool: {
    size: 1,
    expected: 'a boolean',
    accepts: (value: unknown): boolean => typeof value === 'boolean',
    get: (view: DataView, at: number): boolean => view.getUint8(at) !== 0,
    set: (view: DataView, at: number, value: boolean): void => {
      view.setUint8(at, value ? 1 : 0);
    },
  },
};
/** The type of a field: one of C's, another struct, or so many of one of these in a row. */
export type FieldType = ScalarName | StructType<Fields> | readonly [FieldType, number];

/** Names and types of fields, in order. */
export type Fields = Readonly<Record<string, FieldType>>;

/** What JS sees of a field: `bigint` for 64-bit integers and pointers, arrays as arrays of a fixed length. */
export type FieldValue<Type extends FieldType> = Type extends ScalarName
  ? ScalarValues[Type]
  : Type extends StructType<infer Inner>
    ? StructView<Inner>
    : Type extends readonly [infer Element extends FieldType, number]
      ? FieldValue<Element>[]
      : never;

/** A struct in memory: its fields, and `bytes` to give to compiled code. */
export type StructView<Members extends Fields> = {
  -readonly [Name in keyof Members]: FieldValue<Members[Name]>;
} & {
  /** The memory itself. */
  readonly bytes: Uint8Array;
};

/** The layout of a struct. Made by {@link struct}. */
export interface StructType<Members extends Fields> {
  readonly fields: Members;
  /** Bytes, the padding at the end included. */
  readonly size: number;
  /** Bytes. */
  readonly alignment: number;
  /** Bytes from the start, by field. */
  readonly offsets: Readonly<Record<keyof Members & string, number>>;
  /**
   * A struct in new memory.
   *
   * @param values - Of some fields; the others are zero.
   * @throws TierlinkError ARGUMENT_INVALID
   */
  create(values?: { readonly [Name in keyof Members]?: unknown }): StructView<Members>;
  /**
   * A struct that is there, in bytes of JS: what is stored in the one is in the other.
   *
   * @param bytes - What holds it.
   * @param offset - Where in it, in bytes. @defaultValue 0
   * @throws TierlinkError ARGUMENT_INVALID
   */
  at(bytes: Uint8Array, offset?: number): StructView<Members>;
}

function sizeOf(type: FieldType): { readonly size: number; readonly alignment: number } {
  if (typeof type === 'string') return { size: scalars[type].size, alignment: scalars[type].size };
  if (!isArray(type)) return type;
  const { size, alignment } = sizeOf(type[0]);
  return { size: size * type[1], alignment };
}

function isArray(type: FieldType): type is readonly [FieldType, number] {
  return Array.isArray(type);
}

/** One field of a struct at a place. */
class Place {
  readonly #name: string;
  readonly #type: FieldType;
  readonly #bytes: Uint8Array;
  readonly #at: number;

  constructor(name: string, type: FieldType, bytes: Uint8Array, at: number) {
    this.#name = name;
    this.#type = type;
    this.#bytes = bytes;
    this.#at = at;
  }

  get(): unknown {
    const type = this.#type;
    if (typeof type === 'string') return scalars[type].get(this.#view(), this.#at);
    if (!isArray(type)) return type.at(this.#bytes, this.#at);
    const all: unknown[] = [];
    for (const [index, place] of this.#elements(type).entries()) {
      Object.defineProperty(all, index, {
        get: () => place.get(),
        set: (value) => {
          place.set(value);
        },
        enumerable: true,
      });
    }
    return Object.seal(all);
  }

  set(value: unknown): void {
    const type = this.#type;
    if (typeof type === 'string') {
      // Safe because each scalar is given what it accepts.
      const scalar = scalars[type] as Scalar<unknown>;
      if (!scalar.accepts(value)) throw refused(this.#name, scalar.expected, value);
      scalar.set(this.#view(), this.#at, value);
    } else if (isArray(type)) {
      const places = this.#elements(type);
      const isFit = Array.isArray(value) && value.length === places.length;
      if (!isFit) throw refused(this.#name, `an array of ${String(places.length)}`, value);
      for (const [index, place] of places.entries()) place.set((value as unknown[])[index]);
    } else {
      if (typeof value !== 'object' || value === null) throw refused(this.#name, 'an object', value);
      Object.assign(type.at(this.#bytes, this.#at), fieldsOf(type, value));
    }
  }

  #elements([element, count]: readonly [FieldType, number]): Place[] {
    const { size } = sizeOf(element);
    return Array.from({ length: count }, (_, index) => {
      return new Place(`${this.#name}[${String(index)}]`, element, this.#bytes, this.#at + index * size);
    });
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
  }
}

function refused(symbol: string, expected: string, value: unknown): TierlinkError {
  const isPlain = ['number', 'bigint', 'string', 'boolean'].includes(typeof value);
  const found = isPlain ? `${typeof value} ${String(value)}` : typeof value;
  return new TierlinkError('ARGUMENT_INVALID', { symbol, index: 0, expected, found });
}

/** What of an object is a field. @throws TierlinkError ARGUMENT_INVALID for what is none */
function fieldsOf(type: StructType<Fields>, values: object): object {
  const given = Object.entries(values).filter(([name]) => name !== 'bytes');
  const stray = given.find(([name]) => !(name in type.offsets));
  if (stray !== undefined)
    throw refused(stray[0], `one of ${Object.keys(type.offsets).join(', ')}`, stray[1]);
  return Object.fromEntries(given);
}

/**
 * Lays out a struct as C does on x86-64: each field at a multiple of its alignment, the whole a multiple of the largest.
 *
 * @param fields - Names and types, in order: `i8` to `u64`, `float`, `double`, `ptr`, `bool`, other structs, arrays as
 *   `[type, count]`.
 * @returns The layout.
 * @throws TierlinkError OPTION_INVALID naming a field whose type is none
 *
 * @example
 * ```ts
 * const Point = struct({ x: 'double', y: 'double', tag: 'i32' });
 * const point = Point.create({ x: 1, y: 2 });
 * engine.fn('move')(point.bytes);
 * point.x; // what compiled code stored
 * ```
 */
export function struct<const Members extends Fields>(fields: Members): StructType<Members> {
  const offsets: Record<string, number> = {};
  let end = 0;
  let alignment = 1;
  for (const [name, type] of Object.entries<FieldType>(fields)) {
    check(name, type);
    const own = sizeOf(type);
    end = Math.ceil(end / own.alignment) * own.alignment;
    offsets[name] = end;
    end += own.size;
    alignment = Math.max(alignment, own.alignment);
  }
  const size = Math.ceil(end / alignment) * alignment;
  const layout: StructType<Members> = {
    fields,
    size,
    alignment,
    // Safe because each field got one.
    offsets: offsets as Record<keyof Members & string, number>,
    create: (values = {}) => {
      const made = layout.at(new Uint8Array(size));
      return Object.assign(made, fieldsOf(layout, values));
    },
    at: (bytes, offset = 0) => {
      if (!Number.isInteger(offset) || offset < 0 || offset + size > bytes.length) {
        throw refused(
          'struct',
          `bytes that hold ${String(size)} from there on`,
          `${String(bytes.length)} bytes, from ${String(offset)}`,
        );
      }
      const view = { bytes: bytes.subarray(offset, offset + size) };
      for (const [name, type] of Object.entries<FieldType>(fields)) {
        const place = new Place(name, type, view.bytes, offsets[name] ?? 0);
        Object.defineProperty(view, name, {
          get: () => place.get(),
          set: (value) => {
            place.set(value);
          },
          enumerable: true,
        });
      }
      // Safe because each field was just defined.
      return Object.seal(view) as StructView<Members>;
    },
  };
  return layout;
}

/** @throws TierlinkError OPTION_INVALID */
function check(name: string, type: unknown): void {
  if (Array.isArray(type) && type.length === 2 && Number.isInteger(type[1]) && type[1] > 0) {
    check(name, type[0]);
    return;
  }
  const isKnown =
    typeof type === 'string'
      ? type in scalars
      : typeof type === 'object' && type !== null && 'offsets' in type;
  if (isKnown && name !== 'bytes') return;
  const expected = `a field that is not named bytes, of ${Object.keys(scalars).join(', ')}, a struct, or [type, count]`;
  throw new TierlinkError('OPTION_INVALID', { option: `struct.${name}`, value: String(type), expected });
}
