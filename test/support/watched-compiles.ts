/** Engines of which each compile can be looked at. */
import {
  type CompiledObject,
  type Compiler,
  type CompileRequest,
  type Engine,
  type EngineOptions,
} from '../../src/index.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { engineFor } from './engine.js';

/** One compile of a program's functions. */
export interface Seen {
  readonly request: CompileRequest;
  readonly object: CompiledObject;
}

/** An engine of which each compile can be looked at. */
export function watched(options: EngineOptions = {}): { readonly engine: Engine; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const compiler = (threads: number): Compiler => {
    const inner = new LlvmCompiler(loadAddon(), threads);
    const keep = (request: CompileRequest, object: CompiledObject): CompiledObject => {
      seen.push({ request, object });
      return object;
    };
    return {
      threads,
      compile: async (request) => keep(request, await inner.compile(request)),
      compileNow: (request) => keep(request, inner.compileNow(request)),
      pending: () => inner.pending(),
      destroy: () => inner.destroy(),
    };
  };
  return {
    engine: engineFor({ tiers: ['quick', 'optimized', 'peak'], ...options, parts: { compiler } }),
    seen,
  };
}
