/** The one error class and the closed table of its codes; docs/errors.md is checked against this table. */

/** How an error of one code reads. */
export interface ErrorEntry<Details> {
  /** What went wrong, and where. */
  readonly message: (details: Details) => string;
  /** What to do about it. */
  readonly remedy: (details: Details) => string;
}

function entry<Details>(
  message: (details: Details) => string,
  remedy: (details: Details) => string,
): ErrorEntry<Details> {
  return { message, remedy };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${String(names.length - 8)} more` : shown;
}

/**
 * What compiled code trapped for: an access near address 0, another one that is not allowed, a call of what is no function,
 * a division by zero or with a quotient that does not fit, an instruction that is never to be reached, a stack that is used
 * up.
 */
export type TrapKind =
  | 'null-dereference'
  | 'invalid-access'
  | 'invalid-call'
  | 'division'
  | 'unreachable'
  | 'stack-overflow';

/** What an error of each code names: modules, symbols, options. */
export interface ErrorDetailsByCode {
  readonly PLATFORM_UNSUPPORTED: { readonly platform: string };
  readonly ADDON_MISSING: { readonly tried: readonly string[]; readonly reason: string };
  readonly LLVM_MISSING: { readonly addon: string; readonly reason: string };
  readonly OPTION_INVALID: { readonly option: string; readonly value: string; readonly expected: string };
  readonly API_VERSION_MISMATCH: {
    readonly interface: string;
    readonly found: string;
    readonly expected: number;
  };
  readonly CACHE_DIRECTORY_REFUSED: { readonly path: string; readonly reason: string };
  readonly ENGINE_DISPOSED: { readonly operation: string };
  readonly CONTROL_ENDED: { readonly operation: string; readonly reason: string };
  readonly ENGINE_BUSY: { readonly operation: string; readonly reason: string };
  readonly INPUT_UNREADABLE: { readonly module: string; readonly path: string; readonly reason: string };
  readonly FORMAT_UNKNOWN: { readonly module: string; readonly found: string };
  readonly BITCODE_INVALID: { readonly module: string; readonly reason: string };
  readonly IR_INVALID: { readonly module: string; readonly reason: string };
  readonly IR_UNVERIFIED: { readonly module: string; readonly reason: string };
  readonly IR_UNSUPPORTED: { readonly module: string; readonly symbol: string; readonly reason: string };
  readonly TARGET_MISMATCH: {
    readonly module: string;
    readonly what: string;
    readonly found: string;
    readonly expected: string;
  };
  readonly OBJECT_INVALID: { readonly module: string; readonly reason: string };
  readonly OBJECT_UNSUPPORTED: { readonly module: string; readonly reason: string };
  readonly ARCHIVE_INVALID: { readonly module: string; readonly reason: string };
  readonly MODULE_DUPLICATE: { readonly module: string };
  readonly MODULE_UNKNOWN: { readonly module: string };
  readonly MODULE_IN_USE: { readonly module: string; readonly users: readonly string[] };
  readonly REPLACE_MISMATCH: { readonly module: string; readonly problems: readonly string[] };
  readonly SYMBOL_UNKNOWN: {
    readonly symbol: string;
    /** Functions of single files that are called so there. */
    readonly ofFiles?: readonly string[];
  };
  readonly SYMBOL_UNRESOLVED: {
    readonly module: string;
    readonly symbols: readonly string[];
    readonly searched: readonly string[];
  };
  readonly RESOLVER_FAILED: {
    readonly resolver: string;
    readonly module: string;
    readonly symbol: string;
    readonly reason: string;
  };
  readonly SYMBOL_DUPLICATE: { readonly module: string; readonly symbol: string; readonly other: string };
  readonly SYMBOL_TYPE_MISMATCH: {
    readonly module: string;
    readonly symbol: string;
    readonly other: string;
    readonly used: string;
    readonly defined: string;
  };
  readonly SIGNATURE_UNSUPPORTED: {
    readonly symbol: string;
    readonly signature: string;
    readonly reason: string;
  };
  readonly ARGUMENT_INVALID: {
    readonly symbol: string;
    readonly index: number;
    readonly expected: string;
    readonly found: string;
  };
  readonly RELOCATION_UNSUPPORTED: {
    readonly module: string;
    readonly symbol: string;
    readonly kind: string;
    readonly reason: string;
  };
  readonly RELOCATION_OVERFLOW: {
    readonly module: string;
    readonly symbol: string;
    readonly kind: string;
    readonly value: string;
  };
  readonly RELOCATIONS_DISCARDED: { readonly module: string; readonly operation: string };
  readonly EXCEPTION_UNCAUGHT: { readonly symbol: string; readonly reason: string };
  readonly FUNCTION_REMOVED: { readonly symbol: string; readonly reason: string };
  readonly TRAPPED: {
    /** What JS called. */
    readonly symbol: string;
    readonly trap: TrapKind;
    /** Such as `SIGSEGV`. */
    readonly signal: string;
    /** What was accessed or called, where the processor tells. */
    readonly address: bigint | undefined;
    /** The function that trapped, or called what did; with its module and tier undefined where that is not known. */
    readonly function: string | undefined;
    readonly module: string | undefined;
    readonly tier: string | undefined;
    /** Bytes from the function's start; of a call, of its last byte. */
    readonly offset: number;
    /** Where it comes from, where the module has debug info. */
    readonly file: string | undefined;
    readonly line: number | undefined;
  };
  readonly CALLBACK_FAILED: { readonly callback: string; readonly reason: string };
  readonly RESULT_INVALID: { readonly symbol: string; readonly expected: string; readonly found: string };
  readonly CALL_UNFINISHED: { readonly symbol: string; readonly reason: string };
  readonly MEMORY_EXHAUSTED: {
    readonly module: string;
    readonly region: string;
    readonly needed: number;
    /** Bytes that the region can hold; undefined when a memory manager does not tell. */
    readonly limit: number | undefined;
  };
  readonly MEMORY_MANAGER_INVALID: {
    /** Name of its class. */
    readonly manager: string;
    /** For which module, and which of its sections; '' when it is refused as a whole. */
    readonly module: string;
    readonly section: string;
    readonly reason: string;
  };
  readonly COMPILE_CANCELLED: { readonly module: string; readonly tier: string; readonly reason: string };
  readonly COMPILE_FAILED: { readonly module: string; readonly tier: string; readonly reason: string };
  readonly COMPILE_CRASHED: { readonly module: string; readonly tier: string; readonly reason: string };
  readonly PROFILE_INVALID: { readonly profile: string; readonly reason: string };
  readonly TIER_UNKNOWN: { readonly tier: string; readonly known: readonly string[] };
  readonly POLICY_FAILED: { readonly policy: string; readonly module: string; readonly reason: string };
  readonly UNIT_PINNED: { readonly module: string; readonly reason: string };
  readonly UNIT_IMMOVABLE: { readonly module: string; readonly reason: string };
  readonly CODE_CACHE_FULL: {
    readonly module: string;
    readonly needed: number;
    readonly used: number;
    readonly limit: number;
  };
  readonly GROUP_NOT_QUIESCENT: {
    readonly modules: readonly string[];
    readonly threads: number;
    readonly timeoutMs: number;
  };
  readonly NOT_LINKED: { readonly operation: string; readonly module: string };
  readonly LIBRARY_UNLOADABLE: { readonly library: string; readonly reason: string };
}

/** The code of a {@link TierlinkError}. */
export type ErrorCode = keyof ErrorDetailsByCode;

/** What an error of a given code names. */
export type ErrorDetails<Code extends ErrorCode> = ErrorDetailsByCode[Code];

/** Every code with its message and remedy. */
export const errorTable: { readonly [Code in ErrorCode]: ErrorEntry<ErrorDetailsByCode[Code]> } = {
  PLATFORM_UNSUPPORTED: entry(
    (d) => `tierlink does not run on ${d.platform}`,
    () => 'use Linux on x86-64',
  ),
  ADDON_MISSING: entry(
    (d) => `the native addon could not be loaded (${d.reason}); tried ${d.tried.join(', ')}`,
    () => 'build it with "npm run setup", or set TIERLINK_ADDON to its path',
  ),
  LLVM_MISSING: entry(
    (d) => `LLVM 22 is needed now, and ${d.addon} could not be loaded (${d.reason})`,
    (d) =>
      d.reason.includes('libLLVM')
        ? 'install LLVM 22 ("npm run setup", or Debian package libllvm22)'
        : 'build it with "npm run setup": it belongs beside tierlink.node, from the same build',
  ),
  OPTION_INVALID: entry(
    (d) => `option ${d.option} can't be ${d.value}`,
    (d) => `give ${d.expected}`,
  ),
  API_VERSION_MISMATCH: entry(
    (d) =>
      `the ${d.interface} given in the options is of version ${d.found}; this tierlink calls version ${String(d.expected)}`,
    (d) => `use one whose apiVersion is ${String(d.expected)}, or the tierlink that it was written for`,
  ),
  CACHE_DIRECTORY_REFUSED: entry(
    (d) => `${d.path} can't be used as an object cache: ${d.reason}`,
    () =>
      'code runs from it: give a directory of your own that nobody else can write to (chmod 700), or no cache',
  ),
  ENGINE_DISPOSED: entry(
    (d) => `${d.operation} was called on an engine that is disposed`,
    () => 'create a new engine; callables of a disposed engine are dead',
  ),
  CONTROL_ENDED: entry(
    (d) => `${d.operation}: the thread that controls the engine has ended: ${d.reason}`,
    () => 'report it with its cause; create a new engine, code that runs in this one goes on',
  ),
  ENGINE_BUSY: entry(
    (d) => `${d.operation} is refused: ${d.reason}`,
    () => 'wait for the program or calls that run in this engine to end',
  ),
  INPUT_UNREADABLE: entry(
    (d) => `module ${d.module}: can't read ${d.path} (${d.reason})`,
    () => 'check the path and its permissions',
  ),
  FORMAT_UNKNOWN: entry(
    (d) => `module ${d.module}: neither LLVM bitcode, IR text, an ELF object nor an archive (${d.found})`,
    () => 'give a .bc, .ll, .o or .a made for x86-64 Linux',
  ),
  BITCODE_INVALID: entry(
    (d) => `module ${d.module}: the bitcode can't be read: ${d.reason}`,
    () => 'make it anew with clang 22 or older; a truncated or damaged file reads like this',
  ),
  IR_INVALID: entry(
    (d) => `module ${d.module}: the IR text can't be parsed: ${d.reason}`,
    () => 'correct the IR at the place named',
  ),
  IR_UNVERIFIED: entry(
    (d) => `module ${d.module}: the IR does not verify: ${d.reason}`,
    () => 'correct the code generator: run llvm::verifyModule (or opt -passes=verify) on what it makes',
  ),
  IR_UNSUPPORTED: entry(
    (d) => `module ${d.module}: ${d.symbol}: ${d.reason}`,
    () => 'rewrite the construct, or compile it to an object file and add that',
  ),
  TARGET_MISMATCH: entry(
    (d) => `module ${d.module} was made for ${d.what} ${d.found}; this engine is ${d.expected}`,
    (d) => `compile it for ${d.expected}`,
  ),
  OBJECT_INVALID: entry(
    (d) => `module ${d.module}: the ELF object is damaged: ${d.reason}`,
    () => 'make it anew; a truncated or damaged file reads like this',
  ),
  OBJECT_UNSUPPORTED: entry(
    (d) => `module ${d.module}: the ELF file can't be linked: ${d.reason}`,
    () => 'give a relocatable x86-64 object (clang -c -fPIC)',
  ),
  ARCHIVE_INVALID: entry(
    (d) => `archive ${d.module} can't be read: ${d.reason}`,
    () => 'make it anew with ar or llvm-ar; thin archives are not read',
  ),
  MODULE_DUPLICATE: entry(
    (d) => `a module named ${d.module} is already registered`,
    () => 'give each module of an engine its own name',
  ),
  MODULE_UNKNOWN: entry(
    (d) => `no module named ${d.module} is registered`,
    () => 'add it with addModule; snapshot() lists the registered ones',
  ),
  MODULE_IN_USE: entry(
    (d) => `module ${d.module} can't be removed: it is used by ${list(d.users)}`,
    () => 'remove these first, or give { force: true }: what still calls it then gets an error',
  ),
  REPLACE_MISMATCH: entry(
    (d) => `module ${d.module} can't be replaced by this source: ${list(d.problems)}`,
    () => 'nothing was changed; correct the source, or remove the module and add it anew',
  ),
  SYMBOL_UNKNOWN: entry(
    (d) => `no registered module defines a function ${d.symbol}`,
    ({ ofFiles = [] }) =>
      ofFiles.length > 0
        ? `name one of ${list(ofFiles)}, each the function of one file`
        : 'check the name (C++ names are mangled); "tierlink inspect" lists the functions of a module',
  ),
  SYMBOL_UNRESOLVED: entry(
    (d) => `module ${d.module} needs ${list(d.symbols)}, found neither in ${d.searched.join(', nor in ')}`,
    () => 'add the module that defines it, or name the shared library with --load (option libraries)',
  ),
  RESOLVER_FAILED: entry(
    (d) => `module ${d.module} needs ${d.symbol}; the resolver "${d.resolver}" failed on it: ${d.reason}`,
    () => 'correct the resolver: it answers undefined, or as SymbolAnswer says',
  ),
  SYMBOL_DUPLICATE: entry(
    (d) => `module ${d.module} defines ${d.symbol}, which module ${d.other} defines already`,
    () => 'make one of them static, weak or of another name',
  ),
  SYMBOL_TYPE_MISMATCH: entry(
    (d) => `module ${d.module} uses ${d.symbol} as ${d.used}; module ${d.other} defines it as ${d.defined}`,
    () => 'give both modules the same declaration',
  ),
  SIGNATURE_UNSUPPORTED: entry(
    (d) => `${d.symbol} with signature ${d.signature} can't be called from JS: ${d.reason}`,
    () => 'wrap it in a function that takes and returns integers, floats, doubles and pointers',
  ),
  ARGUMENT_INVALID: entry(
    (d) => `${d.symbol}: argument ${String(d.index)} must be ${d.expected}, not ${d.found}`,
    () => 'pass the type that the signature shows',
  ),
  RELOCATION_UNSUPPORTED: entry(
    (d) => `module ${d.module}: relocation ${d.kind} against ${d.symbol} can't be applied: ${d.reason}`,
    () =>
      'compile with -fPIC and the default (general-dynamic) TLS model; docs/relocations.md lists all kinds',
  ),
  RELOCATION_OVERFLOW: entry(
    (d) => `module ${d.module}: relocation ${d.kind} against ${d.symbol} is out of range (${d.value})`,
    () => 'compile with -fPIC, so that distant symbols are reached through the GOT',
  ),
  RELOCATIONS_DISCARDED: entry(
    (d) => `${d.operation} is not possible: the relocations of module ${d.module} were discarded`,
    () => "create the engine with relocations: 'preserve'",
  ),
  EXCEPTION_UNCAUGHT: entry(
    (d) => `an exception left the compiled code: ${d.reason}`,
    (d) => `catch it in ${d.symbol} or in what it calls`,
  ),
  FUNCTION_REMOVED: entry(
    (d) => `${d.symbol} called a function that is gone: ${d.reason}`,
    () => 'add the module again, or replace or remove the modules that still call it',
  ),
  TRAPPED: entry(
    (d) => {
      const address = d.address === undefined ? '' : ` of 0x${d.address.toString(16)}`;
      const place =
        d.function === undefined
          ? 'in code that is not known any more'
          : `in ${d.function} + 0x${d.offset.toString(16)} (${d.line === undefined ? '' : `${String(d.file)}:${String(d.line)}, `}module ${String(d.module)}, tier ${String(d.tier)})`;
      return `${d.symbol} was left by a trap (${d.trap}${address}, ${d.signal}) ${place}`;
    },
    () =>
      "correct the code; what it had locked or allocated stays so. onTrap: 'crash' ends the process instead",
  ),
  CALLBACK_FAILED: entry(
    (d) => `compiled code called the JS function ${d.callback}, which gave no result: ${d.reason}`,
    () => 'keep callbacks, their engine and their thread of JS for as long as compiled code calls them',
  ),
  RESULT_INVALID: entry(
    (d) => `${d.symbol} returned ${d.found}, not ${d.expected}`,
    () => 'return what the signature shows, or give the signature of what is returned',
  ),
  CALL_UNFINISHED: entry(
    (d) => `the call did not come to its end: ${d.reason}`,
    (d) => `let ${d.symbol} return; what calls exit or pthread_exit belongs into engine.run`,
  ),
  MEMORY_EXHAUSTED: entry(
    (d) =>
      `module ${d.module}: ${String(d.needed)} bytes of ${d.region} memory don't fit${d.limit === undefined ? '' : ` (limit ${String(d.limit)} bytes)`}`,
    (d) =>
      d.limit === undefined
        ? 'let the memory manager have more'
        : `raise ${d.region}Bytes: of the engine option memory, or of the memory manager`,
  ),
  MEMORY_MANAGER_INVALID: entry(
    (d) =>
      d.section === ''
        ? `memory manager ${d.manager}: ${d.reason}`
        : `memory manager ${d.manager}, section ${d.section} of module ${d.module}: ${d.reason}`,
    () => 'correct the manager, or leave options.parts.memoryManager out; what runs was not touched',
  ),
  COMPILE_CANCELLED: entry(
    (d) => `${d.module} was not compiled for tier ${d.tier}: ${d.reason}`,
    () => 'nothing has to be done; what ran before goes on running',
  ),
  COMPILE_FAILED: entry(
    (d) => `module ${d.module} could not be compiled at tier ${d.tier}: ${d.reason}`,
    () => 'correct what the message names; the version before it goes on running',
  ),
  PROFILE_INVALID: entry(
    (d) => `${d.profile} can't be used as a profile: ${d.reason}`,
    () =>
      'give an indexed profile of IR, as Profile.save, or llvm-profdata merge after clang -fprofile-generate, makes it',
  ),
  COMPILE_CRASHED: entry(
    (d) => `LLVM crashed while compiling module ${d.module} at tier ${d.tier}: ${d.reason}`,
    () =>
      'leave this tier out for the module and report the IR to LLVM; the version before it goes on running',
  ),
  TIER_UNKNOWN: entry(
    (d) => `there is no tier named ${d.tier}`,
    (d) => `use one of ${d.known.join(', ')}`,
  ),
  POLICY_FAILED: entry(
    (d) => `policy ${d.policy} gave no decision for module ${d.module}: ${d.reason}`,
    () => 'correct its decide or choose function; the module stays at its tier',
  ),
  UNIT_PINNED: entry(
    (d) => `module ${d.module} can't be recompiled: ${d.reason}`,
    () => 'add it as bitcode or IR, without the construct named',
  ),
  UNIT_IMMOVABLE: entry(
    (d) => `module ${d.module} can't be moved: ${d.reason}`,
    () => 'add it as bitcode or IR, without the construct named',
  ),
  CODE_CACHE_FULL: entry(
    (d) =>
      `module ${d.module}: ${String(d.needed)} bytes of code don't fit into the code cache (${String(d.used)} of ${String(d.limit)} bytes in use, after reclaiming and compacting)`,
    () => 'raise the engine option codeCache.maxBytes, or let fewer units reach high tiers',
  ),
  GROUP_NOT_QUIESCENT: entry(
    (d) =>
      `${list(d.modules)} could not be published atomically: for ${String(d.timeoutMs)} ms there was no moment without a thread inside compiled code (${String(d.threads)} now)`,
    () => 'publish without atomic, raise timeoutMs, or let the program return from compiled code once',
  ),
  NOT_LINKED: entry(
    (d) => `${d.operation}: module ${d.module} is registered but not linked yet`,
    () => 'await engine.link() first',
  ),
  LIBRARY_UNLOADABLE: entry(
    (d) => `shared library ${d.library} can't be loaded: ${d.reason}`,
    () => 'give a path, or a name that the dynamic linker finds',
  ),
};

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
    const found: ErrorEntry<ErrorDetails<Code>> = errorTable[code];
    super(`${found.message(details)}; ${found.remedy(details)}`, options);
    this.code = code;
    this.remedy = found.remedy(details);
    this.details = details;
  }
}

/**
 * Whether a compile was dropped before it began: nobody is to blame.
 *
 * @param error - What was thrown.
 * @returns True for COMPILE_CANCELLED.
 */
export function isCancelled(error: unknown): boolean {
  return error instanceof TierlinkError && error.code === 'COMPILE_CANCELLED';
}
