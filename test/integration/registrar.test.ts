/** A frame registrar of the user's own: what it is told, and what its failures leave behind. */
import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/core/ids.js';
import { createEngine, type FrameRegistrar } from '../../src/index.js';
import { NativeFrameRegistrar } from '../../src/unwind/native-registrar.js';
import { loadAddon } from '../../src/native/loader.js';
import { engineFor } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

type Code = Parameters<FrameRegistrar['register']>[2];

/** Remembers what it was told; fails when it is told to. */
class Recorder implements FrameRegistrar {
  readonly apiVersion = 1;
  readonly live = new Map<number, Code>();
  readonly seen: Code[] = [];
  /** Registrations until one fails. */
  failAfter = Infinity;
  destroyed = 0;

  register(frames: number, bytes: number, code: Code): void {
    if (this.failAfter <= 0) throw new RangeError('no room for another table');
    this.failAfter -= 1;
    expect(bytes).toBeGreaterThan(0);
    expect(this.live.has(frames)).toBe(false);
    this.live.set(frames, code);
    this.seen.push(code);
  }

  deregister(frames: number): void {
    expect(this.live.delete(frames)).toBe(true);
  }

  destroy(): void {
    this.destroyed += 1;
    this.live.clear();
  }
}

const outer = bitcode('int inner(int); int outer(int x) { return inner(x) + 1; }', [
  '-fasynchronous-unwind-tables',
]);
const inner = bitcode('int inner(int x) { return 2 * x; }', ['-fasynchronous-unwind-tables']);

describe('a registrar of the user', () => {
  it('is told of each version, and of its end', async () => {
    const frameRegistrar = new Recorder();
    const engine = createEngine({ unit: 'module', policy: 'never', parts: { frameRegistrar } });
    engine.addModule('outer', outer);
    engine.addModule('inner', inner);
    await engine.link();
    expect(frameRegistrar.live.size).toBe(2);
    await engine.recompile('inner', 'peak');
    expect(engine.fn('outer')(20)).toBe(41);
    await engine.recompile('inner', 'quick');
    // At rest every retired version is reclaimed.
    expect(frameRegistrar.seen.length).toBe(4);
    expect(frameRegistrar.live.size).toBe(2);
    for (const { size } of frameRegistrar.seen) expect(size).toBeGreaterThan(0);
    await engine.dispose();
    expect(frameRegistrar.destroyed).toBe(1);
  });

  it('that fails makes the link fail as one, and nothing stays behind (I8)', async () => {
    const frameRegistrar = new Recorder();
    const engine = engineFor({ parts: { frameRegistrar } });
    // The table of slots has its first chunk from then on.
    engine.addModule('first', 'define i32 @first() nounwind {\n  ret i32 1\n}\n');
    await engine.link();
    engine.addModule('outer', outer);
    engine.addModule('inner', inner);
    const before = { ...engine.snapshot(), wallMs: 0 };
    for (const failAfter of [0, 1]) {
      frameRegistrar.failAfter = failAfter;
      await expect(engine.link()).rejects.toThrow(
        expect.objectContaining({
          code: 'OBJECT_UNSUPPORTED',
          details: expect.objectContaining({ module: failAfter === 0 ? 'outer' : 'inner' }) as unknown,
          message: expect.stringContaining('no room for another table') as unknown,
          cause: expect.any(RangeError) as unknown,
        }),
      );
      expect(frameRegistrar.live.size).toBe(0);
      expect({ ...engine.snapshot(), wallMs: 0 }).toEqual(before);
    }
    frameRegistrar.failAfter = Infinity;
    await engine.link();
    expect(engine.fn('outer')(20)).toBe(41);
    expect(frameRegistrar.live.size).toBe(2);
  });

  it('that fails in a recompile leaves the version before it running', async () => {
    const frameRegistrar = new Recorder();
    const engine = engineFor({ parts: { frameRegistrar } });
    engine.addModule('outer', outer);
    engine.addModule('inner', inner);
    await engine.link();
    const before = { ...engine.snapshot(), wallMs: 0 };
    frameRegistrar.failAfter = 0;
    await expect(engine.recompile('inner', 'peak')).rejects.toThrow(/no room for another table/);
    expect(frameRegistrar.live.size).toBe(2);
    expect(engine.snapshot()).toMatchObject({ memory: before.memory, versionsByTier: before.versionsByTier });
    expect(engine.fn('outer')(20)).toBe(41);
  });
});

describe('the default registrar', () => {
  it('lets the unwinder find a version until it is reclaimed, or the engine ends', async () => {
    const addon = loadAddon();
    const known: { frames: number; code: Code }[] = [];
    class Spied extends NativeFrameRegistrar {
      override register(frames: Address, bytes: number, code: Code): void {
        super.register(frames, bytes, code);
        known.push({ frames, code });
      }
    }
    const engine = createEngine({
      unit: 'module',
      policy: 'never',
      parts: { frameRegistrar: new Spied(addon) },
    });
    engine.addModule('inner', inner);
    await engine.link();
    await engine.recompile('inner', 'peak');
    const [old, now] = known.map(({ code }) => BigInt(code.start));
    expect(addon.unwindFunctionAround(old ?? 0n)).toBe(0n);
    expect(addon.unwindFunctionAround(now ?? 0n)).toBe(now);
    await engine.dispose();
    expect(addon.unwindFunctionAround(now ?? 0n)).toBe(0n);
  });
});
