/** Memory managers for tests: every shipped one, and one that remembers what it is asked. */
import {
  type Address,
  dualMappedMemory,
  FaultInjectingMemory,
  type MemoryManager,
  type MemorySection,
  type MemorySizes,
  mprotectMemory,
} from '../../src/index.js';

/** Makes a manager of each kind that is shipped, by name. */
export const shippedManagers: Readonly<Record<string, (sizes?: MemorySizes) => MemoryManager>> = {
  dualMapped: dualMappedMemory,
  mprotect: mprotectMemory,
  faultInjecting: (sizes) => new FaultInjectingMemory(mprotectMemory(sizes), () => false),
};

/** One call of a recorded manager. */
export interface RecordedCall {
  readonly call: 'code' | 'readonly' | 'data' | 'finalize' | 'release' | 'destroy';
  readonly module?: string;
  readonly id?: number;
  readonly name?: string;
  readonly section?: MemorySection | undefined;
}

/** A manager of the user's: it has its own mind on nothing, and writes everything down. */
export class RecordingMemory implements MemoryManager {
  readonly apiVersion: number = 1;
  readonly codeModel = 'small';
  readonly granularity: number;
  readonly patchable: boolean;
  readonly calls: RecordedCall[] = [];
  /** Sections handed out and not released, with their modules. */
  readonly live = new Map<MemorySection, string>();
  /** Called with each section before it is handed out; returns what is handed out instead. */
  twist: (section: MemorySection, module: string) => MemorySection | undefined = (section) => section;
  readonly inner: MemoryManager;

  constructor(inner: MemoryManager = dualMappedMemory()) {
    this.inner = inner;
    this.granularity = inner.granularity;
    this.patchable = inner.patchable;
  }

  allocateCodeSection(
    size: number,
    alignment: number,
    id: number,
    name: string,
    module: string,
    at?: Address,
  ): MemorySection | undefined {
    this.calls.push({ call: 'code', module, id, name });
    return this.#note(module, this.inner.allocateCodeSection(size, alignment, id, name, module, at));
  }

  allocateDataSection(
    size: number,
    alignment: number,
    id: number,
    name: string,
    module: string,
    isReadOnly: boolean,
  ): MemorySection | undefined {
    this.calls.push({ call: isReadOnly ? 'readonly' : 'data', module, id, name });
    return this.#note(module, this.inner.allocateDataSection(size, alignment, id, name, module, isReadOnly));
  }

  finalize(module: string): void {
    this.calls.push({ call: 'finalize', module });
    this.inner.finalize(module);
  }

  release(module: string, section?: MemorySection): void {
    this.calls.push({ call: 'release', module, section });
    for (const [one, owner] of this.live) {
      if (owner === module && (section === undefined || section === one)) this.live.delete(one);
    }
    this.inner.release(module, section);
  }

  destroy(): void {
    this.calls.push({ call: 'destroy' });
    this.inner.destroy();
  }

  #note(module: string, section: MemorySection | undefined): MemorySection | undefined {
    const given = section === undefined ? undefined : this.twist(section, module);
    if (given !== undefined) this.live.set(given, module);
    return given;
  }
}
