/** Which functions of a module code that threads may be in can still come to: once the module is gone, nobody compiles them. */
import type { LinkedImage } from '../link/image.js';
import { type LoadedModule, type Unit, unitOf, versionsOf } from './loaded-module.js';

/**
 * Units without a version that code or variables of a module refer to.
 *
 * @param home - The module; code of others that has bodies of it counts as its own.
 * @param isPreserved - Whether images still know what they refer to. Else all units without a version count.
 * @returns The units. What they refer to themselves shows when they are compiled.
 */
export function reachedUnits(home: LoadedModule, isPreserved: boolean): readonly Unit[] {
  if (home.unitKind === 'module') return [];
  const names = isPreserved ? referredBy(imagesOf(home)) : home.indexes.keys();
  return Array.from(names)
    .filter((name) => home.indexes.has(name))
    .map((name) => unitOf(home, name))
    .filter(({ version }) => version === undefined);
}

function* imagesOf(home: LoadedModule): Iterable<LinkedImage> {
  for (const { image } of home.data) yield image;
  for (const versions of [versionsOf(home), home.retired, home.dependents])
    for (const { image } of versions) yield image;
}

function referredBy(images: Iterable<LinkedImage>): Set<string> {
  const names = new Set<string>();
  for (const { preserved } of images) {
    const { references } = preserved;
    for (let index = 0; index < references.count; index += 1) names.add(references.name(index));
  }
  return names;
}
