/** The language's types, and what they are called. */

/** A type. Structs are told apart by name, all others by their parts. */
export type Type =
  | { readonly kind: 'int' | 'float' | 'bool' | 'string' | 'void' | 'nil' }
  | { readonly kind: 'array'; readonly element: Type }
  | { readonly kind: 'function'; readonly parameters: readonly Type[]; readonly result: Type }
  | StructType;

/** Structs are references: assigning one copies the reference, and `nil` is one that refers to nothing. */
export interface StructType {
  readonly kind: 'struct';
  /** With its module: `geometry.Point`. */
  readonly name: string;
  /** Filled when all structs of the module are known, so that they may refer to each other. */
  fields: readonly { readonly name: string; readonly type: Type }[];
}

export const int: Type = { kind: 'int' };
export const float: Type = { kind: 'float' };
export const bool: Type = { kind: 'bool' };
export const string: Type = { kind: 'string' };
export const nothing: Type = { kind: 'void' };
/** The type of `nil` alone; it fits every struct. */
export const nil: Type = { kind: 'nil' };

/** How a type is written, which is also what makes two types the same. */
export function show(type: Type): string {
  if (type.kind === 'array') return `[${show(type.element)}]`;
  if (type.kind === 'struct') return type.name;
  if (type.kind !== 'function') return type.kind;
  const result = type.result.kind === 'void' ? '' : ` -> ${show(type.result)}`;
  return `fn(${type.parameters.map(show).join(', ')})${result}`;
}

/** True if a value of one type may stand where another is wanted. */
export function fits(given: Type, wanted: Type): boolean {
  return show(given) === show(wanted) || (given.kind === 'nil' && wanted.kind === 'struct');
}

/** True for what lies on the heap and is held by its address. */
export function isReference(type: Type): boolean {
  return ['string', 'array', 'struct', 'function', 'nil'].includes(type.kind);
}
