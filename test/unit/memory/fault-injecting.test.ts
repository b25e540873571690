import { describe, expect, it } from 'vitest';
import {
  FaultInjectingMemory,
  type FaultRule,
  failNth,
  failSometimes,
} from '../../../src/memory/fault-injecting.js';
import { dualMapped, sectionMemory } from './fakes.js';

describe('fault injection', () => {
  it('lets the nth allocation fail, as if there was no room', () => {
    const manager = new FaultInjectingMemory(dualMapped(), failNth(2));
    const memory = sectionMemory(manager);
    memory.allocate('code', 8, 8, 'm');
    expect(() => memory.allocate('data', 8, 8, 'm')).toThrow(
      expect.objectContaining({ code: 'MEMORY_EXHAUSTED' }),
    );
    memory.allocate('data', 8, 8, 'm');
    expect([memory.used('code'), memory.used('data'), manager.injected]).toEqual([8, 8, 1]);
    expect(memory.hole(8, 8)).toBe(0x10008);
  });

  it('lets finalize throw', () => {
    const rule: FaultRule = (point, count) => point === 'finalize' && count > 1;
    const memory = sectionMemory(new FaultInjectingMemory(dualMapped(), rule));
    memory.finalize('m');
    expect(() => {
      memory.finalize('m');
    }).toThrow(expect.objectContaining({ code: 'MEMORY_MANAGER_INVALID' }));
  });

  it('fails the same calls for the same seed, about as often as it is told', () => {
    const fails = (probability: number, seed: number): boolean[] => {
      const rule = failSometimes(probability, seed);
      return Array.from({ length: 2000 }, (_, index) => rule('allocate', index + 1));
    };
    expect(fails(0.3, 7)).toEqual(fails(0.3, 7));
    expect(fails(0.3, 7)).not.toEqual(fails(0.3, 8));
    for (const seed of [0, 1, 12345]) {
      const share = fails(0.3, seed).filter((one) => one).length / 2000;
      expect(share).toBeGreaterThan(0.25);
      expect(share).toBeLessThan(0.35);
    }
    expect(fails(0, 3)).not.toContain(true);
    expect(fails(1, 3)).not.toContain(false);
  });

  it('destroys the manager that it wraps', () => {
    let unmapped = 0;
    new FaultInjectingMemory(
      dualMapped(undefined, () => (unmapped += 1)),
      failNth(1),
    ).destroy();
    expect(unmapped).toBe(1);
  });
});
