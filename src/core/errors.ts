/** The one error class and the closed table of its codes; docs/errors.md is checked against this table. */

interface Entry<Details> {
  readonly message: (details: Details) => string;
  readonly remedy: (details: Details) => string;
}

function entry<Details>(
  message: (details: Details) => string,
  remedy: (details: Details) => string,
): Entry<Details> {
  return { message, remedy };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${String(names.length - 8)} more` : shown;
}

/** Every code with its message and remedy. */
export const errorTable = {
  PLATFORM_UNSUPPORTED: entry<{ platform: string }>(
    (d) => `tierlink does not run on ${d.platform}`,
    () => 'use Linux on x86-64',
  ),
  ADDON_MISSING: entry<{ tried: readonly string[]; reason: string }>(
    (d) => `the native addon could not be loaded (${d.reason}); tried ${d.tried.join(', ')}`,
    () => 'build it with "npm run setup", or set TIERLINK_ADDON to its path',
  ),
  LLVM_MISSING: entry<{ addon: string; reason: string }>(
    (d) => `the native addon ${d.addon} needs LLVM 22, which could not be loaded (${d.reason})`,
    () => 'install LLVM 22 ("npm run setup", or Debian package libllvm22)',
  ),
  OPTION_INVALID: entry<{ option: string; value: string; expected: string }>(
    (d) => `option ${d.option} can't be ${d.value}`,
    (d) => `give ${d.expected}`,
  ),
  ENGINE_DISPOSED: entry<{ operation: string }>(
    (d) => `${d.operation} was called on an engine that is disposed`,
    () => 'create a new engine; callables of a disposed engine are dead',
  ),
  ENGINE_BUSY: entry<{ operation: string; reason: string }>(
    (d) => `${d.operation} is refused: ${d.reason}`,
    () => 'wait for the program or calls that run in this engine to end',
  ),
  INPUT_UNREADABLE: entry<{ module: string; path: string; reason: string }>(
    (d) => `module ${d.module}: can't read ${d.path} (${d.reason})`,
    () => 'check the path and its permissions',
  ),
  FORMAT_UNKNOWN: entry<{ module: string; found: string }>(
    (d) => `module ${d.module}: neither LLVM bitcode, IR text, an ELF object nor an archive (${d.found})`,
    () => 'give a .bc, .ll, .o or .a made for x86-64 Linux',
  ),
  BITCODE_INVALID: entry<{ module: string; reason: string }>(
    (d) => `module ${d.module}: the bitcode can't be read: ${d.reason}`,
    () => 'make it anew with clang 22 or older; a truncated or damaged file reads like this',
  ),
  IR_INVALID: entry<{ module: string; reason: string }>(
    (d) => `module ${d.module}: the IR text can't be parsed: ${d.reason}`,
    () => 'correct the IR at the place named',
  ),
  IR_UNVERIFIED: entry<{ module: string; reason: string }>(
    (d) => `module ${d.module}: the IR does not verify: ${d.reason}`,
    () => 'correct the code generator: run llvm::verifyModule (or opt -passes=verify) on what it makes',
  ),
  IR_UNSUPPORTED: entry<{ module: string; symbol: string; reason: string }>(
    (d) => `module ${d.module}: ${d.symbol}: ${d.reason}`,
    () => 'rewrite the construct, or compile it to an object file and add that',
  ),
  TARGET_MISMATCH: entry<{ module: string; what: string; found: string; expected: string }>(
    (d) => `module ${d.module} was made for ${d.what} ${d.found}; this engine is ${d.expected}`,
    (d) => `compile it for ${d.expected}`,
  ),
  OBJECT_INVALID: entry<{ module: string; reason: string }>(
    (d) => `module ${d.module}: the ELF object is damaged: ${d.reason}`,
    () => 'make it anew; a truncated or damaged file reads like this',
  ),
  OBJECT_UNSUPPORTED: entry<{ module: string; reason: string }>(
    (d) => `module ${d.module}: the ELF file can't be linked: ${d.reason}`,
    () => 'give a relocatable x86-64 object (clang -c -fPIC)',
  ),
  ARCHIVE_INVALID: entry<{ module: string; reason: string }>(
    (d) => `archive ${d.module} can't be read: ${d.reason}`,
    () => 'make it anew with ar or llvm-ar; thin archives are not read',
  ),
  MODULE_DUPLICATE: entry<{ module: string }>(
    (d) => `a module named ${d.module} is already registered`,
    () => 'give each module of an engine its own name',
  ),
  MODULE_UNKNOWN: entry<{ module: string }>(
    (d) => `no module named ${d.module} is registered`,
    () => 'add it with addModule; snapshot() lists the registered ones',
  ),
  SYMBOL_UNKNOWN: entry<{ symbol: string }>(
    (d) => `no registered module defines a function ${d.symbol}`,
    () => 'check the name (C++ names are mangled); "tierlink inspect" lists the functions of a module',
  ),
  SYMBOL_UNRESOLVED: entry<{ module: string; symbols: readonly string[]; searched: readonly string[] }>(
    (d) => `module ${d.module} needs ${list(d.symbols)}, found neither in ${d.searched.join(', nor in ')}`,
    () => 'add the module that defines it, or name the shared library with --load (option libraries)',
  ),
  SYMBOL_DUPLICATE: entry<{ module: string; symbol: string; other: string }>(
    (d) => `module ${d.module} defines ${d.symbol}, which module ${d.other} defines already`,
    () => 'make one of them static, weak or of another name',
  ),
  SYMBOL_TYPE_MISMATCH: entry<{
    module: string;
    symbol: string;
    other: string;
    used: string;
    defined: string;
  }>(
    (d) => `module ${d.module} uses ${d.symbol} as ${d.used}; module ${d.other} defines it as ${d.defined}`,
    () => 'give both modules the same declaration',
  ),
  SIGNATURE_UNSUPPORTED: entry<{ symbol: string; signature: string; reason: string }>(
    (d) => `${d.symbol} with signature ${d.signature} can't be called from JS: ${d.reason}`,
    () => 'wrap it in a function that takes and returns integers, floats, doubles and pointers',
  ),
  ARGUMENT_INVALID: entry<{ symbol: string; index: number; expected: string; found: string }>(
    (d) => `${d.symbol}: argument ${String(d.index)} must be ${d.expected}, not ${d.found}`,
    () => 'pass the type that the signature shows',
  ),
  RELOCATION_UNSUPPORTED: entry<{ module: string; symbol: string; kind: string; reason: string }>(
    (d) => `module ${d.module}: relocation ${d.kind} against ${d.symbol} can't be applied: ${d.reason}`,
    () => 'compile with -fPIC and the default (general-dynamic) TLS model; docs/relocations.md lists all kinds',
  ),
  RELOCATION_OVERFLOW: entry<{ module: string; symbol: string; kind: string; value: string }>(
    (d) => `module ${d.module}: relocation ${d.kind} against ${d.symbol} is out of range (${d.value})`,
    () => 'compile with -fPIC, so that distant symbols are reached through the GOT',
  ),
  MEMORY_EXHAUSTED: entry<{ module: string; region: string; needed: number; limit: number }>(
    (d) =>
      `module ${d.module}: ${String(d.needed)} bytes of ${d.region} memory don't fit (limit ${String(d.limit)} bytes)`,
    (d) => `raise the engine option memory.${d.region}Bytes`,
  ),
  COMPILE_FAILED: entry<{ module: string; tier: string; reason: string }>(
    (d) => `module ${d.module} could not be compiled at tier ${d.tier}: ${d.reason}`,
    () => 'correct what the message names; the version before it goes on running',
  ),
  COMPILE_CRASHED: entry<{ module: string; tier: string; reason: string }>(
    (d) => `LLVM crashed while compiling module ${d.module} at tier ${d.tier}: ${d.reason}`,
    () => 'leave this tier out for the module and report the IR to LLVM; the version before it goes on running',
  ),
  TIER_UNKNOWN: entry<{ tier: string; known: readonly string[] }>(
    (d) => `there is no tier named ${d.tier}`,
    (d) => `use one of ${d.known.join(', ')}`,
  ),
  UNIT_PINNED: entry<{ module: string; reason: string }>(
    (d) => `module ${d.module} can't be recompiled: ${d.reason}`,
    () => 'add it as bitcode or IR, without the construct named',
  ),
  NOT_LINKED: entry<{ operation: string; module: string }>(
    (d) => `${d.operation}: module ${d.module} is registered but not linked yet`,
    () => 'await engine.link() first',
  ),
  LIBRARY_UNLOADABLE: entry<{ library: string; reason: string }>(
    (d) => `shared library ${d.library} can't be loaded: ${d.reason}`,
    () => 'give a path, or a name that the dynamic linker finds',
  ),
} as const satisfies Record<string, Entry<never>>;

/** The code of a {@link TierlinkError}. */
export type ErrorCode = keyof typeof errorTable;

/** What an error of a given code names: modules, symbols, options. */
export type ErrorDetails<Code extends ErrorCode> = Parameters<(typeof errorTable)[Code]['message']>[0];

/** Everything that a user can cause: a code, what went wrong and where, and what to do about it. */
export class TierlinkError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'TierlinkError';
  /** One of the codes in docs/errors.md. */
  readonly code: Code;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  /** The names in the message, for programs. */
  readonly details: ErrorDetails<Code>;

  /**
   * @param code - One of the table's codes.
   * @param details - What the message names.
   * @param options - The error that led to this one.
   */
  constructor(code: Code, details: ErrorDetails<Code>, options?: ErrorOptions) {
    // Safe because an entry's message and remedy take the details of its own code.
    const found = errorTable[code] as unknown as Entry<ErrorDetails<Code>>;
    super(`${found.message(details)}; ${found.remedy(details)}`, options);
    this.code = code;
    this.remedy = found.remedy(details);
    this.details = details;
  }
}
