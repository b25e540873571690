/** Makes the observers of code that an engine is told to have. */
import type { Handle, NativeAddon } from '../native/contract.js';
import { GdbSymbols } from '../observe/gdb-symbols.js';
import { JitDump } from '../observe/jit-dump.js';
import { PerfMap } from '../observe/perf-map.js';
import type { CodeObserver } from '../observe/placed-code.js';
import { invalid } from './option-checks.js';

/** Who else is to know functions by name. */
export interface ObserveOptions {
  /**
   * True: perf's map file, `/tmp/perf-<pid>.map`. perf asks it about code of `mprotectMemory` only; of the default memory
   * manager, whose code lies in a memfd, it needs `jitDump`. @defaultValue false
   */
  readonly perfMap?: boolean;
  /** True: debuggers (gdb, lldb) know functions, how to unwind them, and their lines. @defaultValue false */
  readonly gdb?: boolean;
  /** A folder for perf's jitdump, `jit-<pid>.dump`: names, lines and code by time. @defaultValue none is written */
  readonly jitDump?: string;
}

/**
 * Makes them.
 *
 * @param observe - Which.
 * @param addon - Maps the jitdump, and reaches debuggers.
 * @returns The observers; with none, nothing is done for any.
 * @throws TierlinkError OPTION_INVALID: a file can't be written
 */
export function codeObservers(
  { perfMap = false, gdb = false, jitDump }: ObserveOptions,
  addon: Pick<NativeAddon, 'gdbRegister' | 'gdbUnregister' | 'mapForProfilers'>,
): readonly CodeObserver[] {
  const observers: CodeObserver[] = [];
  if (perfMap) observers.push(opened('perfMap', '/tmp', () => new PerfMap()));
  if (gdb) {
    const register = (file: Uint8Array) => addon.gdbRegister(file);
    const unregister = (symbols: Handle): void => {
      addon.gdbUnregister(symbols);
    };
    observers.push(new GdbSymbols({ register, unregister }));
  }
  if (jitDump !== undefined) {
    const make = (): CodeObserver =>
      new JitDump({
        folder: jitDump,
        now: () => process.hrtime.bigint(),
        map: (file) => {
          addon.mapForProfilers(file);
        },
      });
    observers.push(opened('jitDump', jitDump, make));
  }
  return observers;
}

function opened(option: string, folder: string, make: () => CodeObserver): CodeObserver {
  try {
    return make();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`observe.${option}`, `${folder} (${reason})`, 'a folder that can be written to');
  }
}
