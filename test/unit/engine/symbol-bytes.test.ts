import { expect, it } from 'vitest';
import { moduleId, slotIndex } from '../../../src/core/ids.js';
import { recordOfIr } from '../../../src/engine/register.js';
import { symbolBytesOfImage, symbolBytesOfModule } from '../../../src/engine/symbol-bytes.js';
import { NameTable } from '../../../src/link/names.js';
import { prepareObject } from '../../../src/link/prepare.js';
import type { ModuleSummary } from '../../../src/native/contract.js';
import { Registry } from '../../../src/registry/registry.js';
import { SymbolTable } from '../../../src/registry/symbol-table.js';
import { collectGarbage } from '../../support/garbage.js';
import { object } from '../../support/toolchain.js';

const symbols = 20_000;

function heapBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes that the heap grows by while something is made that is then held. */
function growth<Made>(make: () => Made): { readonly made: Made; readonly bytes: number } {
  const before = heapBytes();
  const made = make();
  return { made, bytes: heapBytes() - before };
}

/** An estimate is good enough to say where memory went if it is right within a third. */
function expectClose(estimate: number, real: number): void {
  expect(estimate / real).toBeGreaterThan(0.67);
  expect(estimate / real).toBeLessThan(1.5);
}

it('the estimate for a module comes near to what the heap grows by', () => {
  const functions = Array.from({ length: symbols }, (_, number) => ({
    name: `function_number_${String(number)}`,
    sourceName: '',
    kind: number % 4 === 0 ? 'declare' : 'define',
    binding: 'strong',
    promoted: false,
    type: 'i32 (ptr, double)',
    signature: '4pd',
    instructions: 5,
    optnone: false,
    weakUndefined: false,
  }));
  const json = JSON.stringify({
    functions,
    variables: [],
    aliases: [],
    ifuncs: [],
    constructors: [],
    destructors: [],
    pinned: '',
  });
  const { made, bytes } = growth(() => {
    const summary = JSON.parse(json) as ModuleSummary;
    const identity = { id: moduleId(1), name: 'm' };
    const record = recordOfIr(identity, summary, new Uint8Array(0), null);
    const table = new SymbolTable();
    table.add(record.definitions);
    const registry = new Registry();
    const slots = new Map<string, number>();
    for (const [index, definition] of record.definitions.entries()) {
      definition.slot = slotIndex(index);
      slots.set(definition.name, index);
      registry.own(definition.slot, definition);
    }
    return { record, table, registry, slots };
  });
  expectClose(symbolBytesOfModule(made.record), bytes);
});

it('the estimate for an image comes near to what the heap grows by', () => {
  const lines = Array.from({ length: symbols }, (_, number) => {
    const n = String(number);
    return `.globl defined_number_${n}; defined_number_${n}: .quad wanted_number_${n};`;
  });
  const bytes = object(`__asm__(".data; ${lines.join(' ')}");`);
  // The names of an engine are kept once, whatever versions refer to them.
  const names = new NameTable();
  prepareObject(bytes, 'm', { names });
  const { made, bytes: grown } = growth(() => {
    const { content, ...plan } = prepareObject(bytes, 'm', { names });
    return {
      plan,
      entries: new Map([...plan.symbols.keys()].map((name, at) => [name, 2 ** 40 + at])),
      size: content.data.length,
    };
  });
  expect(made.size).toBe(8 * symbols);
  expect(made.entries.size).toBe(symbols);
  expectClose(symbolBytesOfImage(made.plan) + made.plan.preserved.bytes, grown);
});
