import { describe, expect, it } from 'vitest';
import { type CacheEnvironment, CacheKeys } from '../../../src/cache/cache-keys.js';
import type { CompileRequest, ImportSource } from '../../../src/core/compiler.js';
import { baseline, peak } from '../../../tiers/recipes.js';

const environment: CacheEnvironment = {
  tierlink: '1.0.0',
  contract: 1,
  llvm: '22.1.0',
  build: 'abc',
  hostCpu: 'a processor',
};
const request: CompileRequest = {
  module: 'm',
  bitcode: Buffer.from('bitcode'),
  part: 'code',
  tier: baseline,
  calls: 'direct',
  near: ['a', 'b'],
  priority: { kind: 'lazy' },
};
const source: ImportSource = { bitcode: Buffer.from('other'), names: ['f', 'g'] };
const keys = new CacheKeys(environment);
const key = keys.ofObject(request, 'llvm');

describe('the key of an object', () => {
  it('is 64 hexadecimal digits, and the same for the same request', () => {
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(
      new CacheKeys({ ...environment }).ofObject({ ...request, bitcode: Buffer.from('bitcode') }, 'llvm'),
    ).toBe(key);
  });

  it.each<[string, Partial<CompileRequest> & Record<string, unknown>]>([
    ['the bitcode', { bitcode: Buffer.from('bitcodf') }],
    ['the part', { part: 'data' }],
    ['the name of the tier', { tier: { ...baseline, name: 'other' } }],
    ['the passes', { tier: { ...baseline, passes: 'default<O1>' } }],
    ['the level', { tier: { ...baseline, codegenLevel: 1 } }],
    ['the counters', { tier: { ...baseline, counters: false } }],
    ['calls within the unit', { tier: { ...baseline, bindLocalCalls: true } }],
    ['the processor', { tier: { ...baseline, hostCpu: true } }],
    ['what profiles are used for', { tier: { ...baseline, profileUses: ['branches'] } }],
    ['the form of calls', { calls: 'patchable' }],
    ['what is near', { near: ['a'] }],
    ['names that are near, joined otherwise', { near: ['a,b'] }],
    ['modules that bodies may be taken from', { sources: [source] }],
    ['what was counted', { profile: { records: new Uint8Array(8), prior: 64, isLasting: true } }],
    ['a field that requests do not have yet', { later: new Uint32Array([1, 2]) }],
  ])('depends on %s', (_, other) => {
    expect(keys.ofObject({ ...request, ...other }, 'llvm')).not.toBe(key);
  });

  it.each<[string, Partial<CacheEnvironment>]>([
    ['tierlink', { tierlink: '1.0.1' }],
    ['the contract', { contract: 2 }],
    ['LLVM', { llvm: '22.1.1' }],
    ['the build', { build: 'abd' }],
  ])('depends on the version of %s', (_, other) => {
    expect(new CacheKeys({ ...environment, ...other }).ofObject(request, 'llvm')).not.toBe(key);
  });

  it('depends on the content of modules that bodies may be taken from, and on the names that lead there', () => {
    const keyWith = (...sources: readonly ImportSource[]): string =>
      keys.ofObject({ ...request, sources }, 'llvm');
    const known = keyWith(source);
    expect(keyWith({ bitcode: Buffer.from('other'), names: ['g', 'f'] })).toBe(known);
    expect(keyWith({ ...source, bitcode: Buffer.from('othes') })).not.toBe(known);
    expect(keyWith({ ...source, names: ['f'] })).not.toBe(known);
    expect(keyWith(source, source)).not.toBe(known);
  });

  it('depends on the compiler', () => {
    expect(keys.ofObject(request, 'another')).not.toBe(key);
  });

  it('depends on the processor only where code is made for it', () => {
    const elsewhere = new CacheKeys({ ...environment, hostCpu: 'another one' });
    expect(elsewhere.ofObject(request, 'llvm')).toBe(key);
    const tuned = { ...request, tier: peak };
    expect(elsewhere.ofObject(tuned, 'llvm')).not.toBe(keys.ofObject(tuned, 'llvm'));
  });

  it('does not depend on the name of the module, nor on the order of what is near', () => {
    expect(keys.ofObject({ ...request, module: 'n', near: ['b', 'a'] }, 'llvm')).toBe(key);
  });

  it('is not made of what has no canonical form', () => {
    const odd = { ...request, cancelled: () => false };
    expect(() => keys.ofObject(odd, 'llvm')).toThrow("a key can't be made of a function");
    expect(() => keys.ofObject({ ...request, near: [], extra: new Map() } as never, 'llvm')).toThrow('Map');
  });
});

describe('the key of a module', () => {
  const source = { format: 'ir', bytes: Buffer.from('text') } as const;
  const request = { source, id: 1, lazy: false };

  it('depends on its bytes, their format, its number, and whether bodies are read', () => {
    const all = [
      keys.ofModule(request),
      keys.ofModule({ ...request, id: 2 }),
      keys.ofModule({ ...request, lazy: true }),
      keys.ofModule({ ...request, source: { ...source, format: 'bitcode' } }),
      keys.ofModule({ ...request, source: { ...source, bytes: Buffer.from('texu') } }),
      new CacheKeys({ ...environment, build: 'abd' }).ofModule(request),
    ];
    expect(new Set(all).size).toBe(all.length);
    const copied = { ...source, bytes: new Uint8Array(source.bytes) };
    expect(keys.ofModule({ ...request, source: copied })).toBe(all[0]);
  });
});
