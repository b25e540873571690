/** Branded identifiers and addresses, so that an index, an offset and an address can't be mixed up. */

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Number of a registered module, unique in its engine, never used twice. */
export type ModuleId = Brand<number, 'ModuleId'>;
/** Number of a version (one compiled and linked result of a unit), unique in its engine. */
export type VersionId = Brand<number, 'VersionId'>;
/** Index of a function's slot in the offset table; its stub and counter share the index. */
export type SlotIndex = Brand<number, 'SlotIndex'>;
/** Index of the cell that a loop polls. */
export type LoopCell = Brand<number, 'LoopCell'>;
/**
 * An absolute virtual address in bytes. User-space addresses on x86-64 are below 2^47, so a JS number
 * holds them exactly; public interfaces show them as `bigint`.
 */
export type Address = Brand<number, 'Address'>;

/** Brands the number of a module. */
export function moduleId(value: number): ModuleId {
  return value as ModuleId;
}
/** Brands the number of a version. */
export function versionId(value: number): VersionId {
  return value as VersionId;
}
/** Brands the index of a slot. */
export function slotIndex(value: number): SlotIndex {
  return value as SlotIndex;
}
/** Brands the index of a loop's cell. */
export function loopCell(value: number): LoopCell {
  return value as LoopCell;
}
/** Brands an absolute address. */
export function address(value: number): Address {
  return value as Address;
}
