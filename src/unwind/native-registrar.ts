/** The default registrar: the addon's index, which the unwinder of the process searches. */
import type { Address } from '../core/ids.js';
import type { NativeAddon } from '../native/contract.js';
import { type FrameRegistrar, frameRegistrarVersion } from './frame-registrar.js';

/** Registers with the addon. */
export class NativeFrameRegistrar implements FrameRegistrar {
  readonly apiVersion: number = frameRegistrarVersion;
  readonly #addon: Pick<NativeAddon, 'framesRegister' | 'framesDeregister'>;
  readonly #registered = new Set<Address>();

  /** @param addon - The addon. */
  constructor(addon: Pick<NativeAddon, 'framesRegister' | 'framesDeregister'>) {
    this.#addon = addon;
  }

  register(frames: Address, bytes: number, code: { readonly start: Address; readonly size: number }): void {
    this.#addon.framesRegister(BigInt(frames), bytes, BigInt(code.start), code.size);
    this.#registered.add(frames);
  }

  deregister(frames: Address): void {
    this.#addon.framesDeregister(BigInt(frames));
    this.#registered.delete(frames);
  }

  destroy(): void {
    for (const frames of this.#registered) this.deregister(frames);
  }
}
