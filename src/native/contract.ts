/**
 * What the native addon exports, exactly. Only primitives, buffers and opaque handles cross the border;
 * `src/native/loader.ts` checks `contractVersion` before anything else is touched.
 */

/** Raised whenever anything in this file changes. */
export const contractVersion = 27;

/** An opaque native object (napi external); the addon checks its type tag on every call. */
export type Handle = { readonly __handle: unique symbol };

/** A failure that LLVM reported; `kind` is turned into an error code by the caller. */
export interface NativeFailure {
  readonly kind:
    | 'bitcode' // not readable as bitcode
    | 'parse' // IR text does not parse
    | 'verify' // verifier's report
    | 'target' // triple or data layout
    | 'unsupported' // a construct tierlink can't take; symbol is set
    | 'compile' // LLVM reported an error
    | 'crash' // LLVM crashed or aborted; the process lives
    | 'profile' // not readable as a profile
    | 'cancelled' // the job was dropped before it began
    | 'missing'; // tierlink_llvm.so, or libLLVM, can't be loaded
  readonly message: string;
  /** With `unsupported`, whose construct it is; with `missing`, the path of tierlink_llvm.so. */
  readonly symbol: string;
}

/** One function or variable of an ingested module, as canonical names and facts. */
interface FunctionSummary {
  /** Canonical (after promotion) linker name. */
  readonly name: string;
  /** Name in the source module; differs from `name` when it was promoted. */
  readonly sourceName: string;
  /** `define`: body here; `declare`: needed from elsewhere. */
  readonly kind: 'define' | 'declare';
  /** `fallback`: was available_externally, used only if nothing else defines it. */
  readonly binding: 'strong' | 'weak' | 'fallback';
  /** True for a function that was internal/private before promotion. */
  readonly promoted: boolean;
  /** LLVM's spelling of the function type, such as `i32 (ptr, double)`. */
  readonly type: string;
  /**
   * One letter for the return and one for each parameter, then `.` if variadic:
   * v void, b i1, 1 i8, 2 i16, 4 i32, 8 i64, f float, d double, p pointer, x anything else
   * (x also where byval/sret/inreg/nest make the plain convention wrong).
   * For integers narrower than 32 bits an upper-case twin tells signext: B (i1), O (i8), T (i16).
   */
  readonly signature: string;
  /** IR instructions, 0 for a declaration; of a module whose bodies were not read an estimate. */
  readonly instructions: number;
  /** Position among the functions that the canonical code defines, -1 for a declaration. */
  readonly index: number;
  readonly optnone: boolean;
  readonly weakUndefined: boolean; // extern_weak declaration
}

/** One global variable. */
interface VariableSummary {
  readonly name: string;
  readonly sourceName: string;
  readonly kind: 'define' | 'declare';
  readonly binding: 'strong' | 'weak' | 'common' | 'fallback';
  readonly promoted: boolean;
  readonly constant: boolean;
  readonly threadLocal: boolean;
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes, a power of two. */
  readonly alignment: number;
  /** Where its definition went: the module's data object, or with the code (label tables). */
  readonly place: 'data' | 'code';
  readonly weakUndefined: boolean;
}

/** What ingest found out; parsed from the summary JSON. */
export interface ModuleSummary {
  readonly sourceFile: string;
  readonly functions: readonly FunctionSummary[];
  readonly variables: readonly VariableSummary[];
  /** `name` is another name of `target` + `offset` bytes. */
  readonly aliases: readonly {
    readonly name: string;
    readonly target: string;
    readonly offset: number;
    readonly binding: 'strong' | 'weak';
  }[];
  /** `name` is the function that calling `resolver` (`ptr ()`) returns. */
  readonly ifuncs: readonly { readonly name: string; readonly resolver: string }[];
  /** Entries of llvm.global_ctors, priority ascending, source order within one priority. */
  readonly constructors: readonly { readonly name: string; readonly priority: number }[];
  readonly destructors: readonly { readonly name: string; readonly priority: number }[];
  /** Reason why this module must never be recompiled, or ''. */
  readonly pinned: string;
  /** Reason why the module's functions can't be compiled one by one, or ''. Every pinned module has one. */
  readonly whole: string;
  /** True when variables hold differences of addresses: a copy of such a value elsewhere means nothing. */
  readonly distances: boolean;
  /** True when no body was read: declarations may be of what no body uses. */
  readonly unread: boolean;
}

/** One module to ingest. */
export interface IngestJob {
  /** The source, or the code of a module of which nothing was read. */
  readonly bytes: Uint8Array;
  readonly format: 'bitcode' | 'ir';
  /** Its number: names of internal symbols contain it. */
  readonly module: number;
  /** Its name, for messages. */
  readonly name: string;
  /** True: bodies of functions need not be read and verified before they are compiled. */
  readonly lazy: boolean;
}

/** The parts a module is split into. */
export interface IngestResult {
  /**
   * Canonical code, for {@link NativeAddon.compile} only: functions; variables only declared or `available_externally`. Of
   * a module whose bodies were not read it is the source, and what makes that canonical.
   */
  readonly code: Uint8Array;
  /** Bitcode of the variables, or null if the module has none. */
  readonly data: Uint8Array | null;
  /** A {@link ModuleSummary} as JSON. */
  readonly summary: string;
}

/** One instruction of a function. */
export interface ShownInstruction {
  /** Bytes that are shown before it. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** In Intel's syntax; targets of branches are offsets in the function. */
  readonly text: string;
  /** What its field stands for when it is linked, or ''. */
  readonly symbol: string;
  /** The file and line that it comes from, as far as debug info says; '' and 0 otherwise. */
  readonly file: string;
  readonly line: number;
  /** True: of the function's cold part, which lies apart and is shown behind the other. */
  readonly isCold: boolean;
}

/** Where the functions of an object come from, of those with debug info. */
export interface ObjectLines {
  /** Paths. */
  readonly files: readonly string[];
  /** For each line three numbers: bytes from the function's beginning, position of its file, and the line. */
  readonly functions: readonly { readonly name: string; readonly lines: Uint32Array }[];
}

/** Some functions of a module's code; see `FunctionSelection` of src/core/compiler.ts. */
export interface FunctionSelection {
  readonly wanted: readonly string[];
  readonly possible: Uint8Array;
}

/** A module that bodies to be inlined may be taken from. */
export interface ImportSource {
  /** Its code: bytes, or a handle of {@link NativeAddon.shareBitcode}. */
  readonly bitcode: Uint8Array | Handle;
  /** Names that lead to its definitions, wherever they are called. Or a handle of {@link NativeAddon.shareNames}. */
  readonly names: readonly string[] | Handle;
}

/** The continuation of a function at one of its loops. */
export interface ContinuationRequest {
  /** Which loop: its number in the names of the cells that polls read. */
  readonly loop: number;
  /** What polls hand over there, as the names of the cells say it. */
  readonly signature: string;
}

/** One compile job. */
export interface CompileJob {
  /** The bytes, or a handle of {@link NativeAddon.shareBitcode}: a lazily read copy of it is kept between jobs. */
  readonly bitcode: Uint8Array | Handle;
  /** `code`: functions, marks and counters apply. `data`: variables only. */
  readonly part: 'code' | 'data';
  /** Pass pipeline in LLVM's text form, such as `default<O2>`. */
  readonly passes: string;
  /** 0 None, 1 Less, 2 Default, 3 Aggressive. */
  readonly codegenLevel: number;
  /** `true`: `target-cpu`/`target-features` of the machine; else the module's own or plain x86-64. */
  readonly hostCpu: boolean;
  /** Features that come to those, or go: signed names with commas between them. */
  readonly features: string;
  /**
   * How every call that leaves a function is encoded. `direct`: `call f`; `indirect`: `call *f@GOTPCREL(%rip)`;
   * `patchable`: `call f`, and none crosses a multiple of 32 bytes.
   */
  readonly calls: 'direct' | 'indirect' | 'patchable';
  /** True: insert an entry counter into each function. */
  readonly counters: boolean;
  /**
   * Not empty: every loop that can be left polls a cell of 16 bytes, an undefined symbol named
   * `__tierlink_loop.<loop>.<depth>.<signature>.<polls>.<function>`. No dots.
   */
  readonly polls: string;
  /** True: count edges, targets of indirect calls and sizes of memory operations, in cells that the code names. */
  readonly instrument: boolean;
  /** A handle of {@link NativeAddon.shareProfile}, or null: what is compiled is optimised for it. */
  readonly profile: Handle | null;
  /** What it is used for; see `ProfileUse` of src/core/tier.ts. */
  readonly profileUses: readonly ('branches' | 'calls' | 'inlining' | 'split')[];
  /** How often each way of a branch is taken to have been gone beside what the profile says. */
  readonly profilePrior: number;
  /** IR instructions of other functions that are taken along with {@link functions} to be inlined. */
  readonly importBudget: number;
  /** Other modules that these may be of, for {@link functions} only. May contain the job's own: others may call it. */
  readonly sources: readonly ImportSource[];
  /**
   * Names of symbols defined by registered modules: within 2 GiB of the code, so no GOT is needed. Or a handle of
   * {@link NativeAddon.shareNames}.
   */
  readonly near: readonly string[] | Handle;
  /** Only these functions, or null: the whole module. */
  readonly functions: FunctionSelection | null;
  /** Instead of the only wanted function its continuation, `__tierlink_continuation.<loop>.<function>`; or null. */
  readonly continuation: ContinuationRequest | null;
}

/** How soon a job is wanted. */
export interface JobPriority {
  /** True: any thread may take it, and it goes before all that is not lazy: the program waits for it or soon will, or it is short. */
  readonly lazy: boolean;
  /** The hottest goes first. Of jobs that are not lazy, one of infinite heat is never dropped for want of room. */
  readonly heat: number;
}

/** A function that may be called soon. */
export interface LikelyCall {
  readonly name: string;
  /** In which share of cases, 0 to 1. */
  readonly likelihood: number;
}

/** What a job that selects functions comes to, before code is generated. */
export interface CompileChoice {
  readonly functions: readonly string[]; // what of the selected functions the object will define
  readonly likely: readonly LikelyCall[]; // what it leaves out, or other modules define, but it may call soon
}

export type CompileOutcome =
  | {
      readonly ok: true;
      readonly object: Uint8Array; // ELF64 relocatable
      readonly unfit: readonly string[]; // functions whose records in the profile are of other code
      readonly imported: readonly number[]; // positions of the sources that bodies were taken from
      readonly queuedNs: number;
      readonly compileNs: number;
    }
  | {
      readonly ok: false;
      readonly failure: NativeFailure;
      readonly queuedNs: number;
      readonly compileNs: number;
    };

/** A region of an arena; all regions of one lie within 1 GiB. */
export interface NativeRegion {
  /** Start as the program sees it (the view that is executable, read-only or data). */
  readonly base: bigint;
  /** Bytes. */
  readonly size: number;
}

/** The regions of an arena. */
export interface NativeRegions {
  readonly code: NativeRegion;
  readonly readonly: NativeRegion;
  readonly data: NativeRegion;
}

/** How a program that ran in an engine ended. */
export interface RunOutcome {
  /** `return`: main returned; `exit`: it called exit. */
  readonly how: 'return' | 'exit';
  /** Exit status, 0 to 255. */
  readonly status: number;
}

/** What threads refer to; see {@link NativeAddon.engineScanStacks}. */
export interface StackScan {
  /** For each range: 0 nothing refers to it, 1 something may, 2 a thread could not be examined this time. */
  readonly held: Uint8Array;
  /** Threads that were examined. */
  readonly threads: number;
  /** The longest time that a thread was kept from running, in nanoseconds. */
  readonly longestPauseNs: number;
}

/** The addon's exports. */
export interface NativeAddon {
  readonly contractVersion: number;
  /** The LLVM that it was built with, such as `22.1.8`; known without loading it. */
  readonly llvmVersion: string;
  /** Names the processor: where it is the same, so is the code that {@link CompileJob.hostCpu} gives. */
  readonly hostCpu: string;
  /** A hash of the sources that the addon was built from. */
  readonly build: string;

  // --- LLVM (native/ingest*, native/compile*): loaded by the first ingest, or the first job that starts -----------
  /**
   * Parses, verifies, promotes internals, splits data from code, summarises. Never throws for bad input.
   *
   * @param jobs - The modules.
   * @param threads - At most so many work on them, this one included; all have ended when it returns.
   * @returns What became of each, in order, up to the first that failed: nothing is said of those behind it.
   */
  ingest(jobs: readonly IngestJob[], threads: number): readonly (IngestResult | NativeFailure)[];
  /** A copy of canonical bitcode that jobs refer to. */
  shareBitcode(bytes: Uint8Array): Handle;
  /** A set of names that jobs refer to. A zero character is between two of them: one string crosses faster than many. */
  shareNames(names: string): Handle;
  /** Records that jobs refer to, encoded as in src/profile/encoding.ts. */
  shareProfile(records: Uint8Array): Handle;
  /** Reads an indexed profile, as `llvm-profdata merge` writes it. @returns Encoded records */
  profileRead(bytes: Uint8Array): Uint8Array | NativeFailure;
  /** The other way round. */
  profileWrite(records: Uint8Array): Uint8Array | NativeFailure;
  /**
   * A pool of compile threads with contexts of their own. Of several threads one never takes a job that is not lazy.
   *
   * @param threads - At most so many.
   * @param maxOptimising - Of jobs that are not lazy so many may wait; the coldest is dropped for one more.
   */
  compilerCreate(threads: number, maxOptimising: number): Handle;
  /**
   * Queues a job; `done` is called on this JS thread, and before it `chosen`, if the job selects functions and comes so far.
   * Returns the job's number. Throws once it is destroyed.
   */
  compilerSubmit(
    compiler: Handle,
    job: CompileJob,
    priority: JobPriority,
    done: (outcome: CompileOutcome) => void,
    chosen?: (choice: CompileChoice) => void,
  ): number;
  /** Compiles on this thread. Throws once it is destroyed. */
  compilerCompileNow(compiler: Handle, job: CompileJob): CompileOutcome;
  /** Drops a job that waits: its `done` gets a failure of kind `cancelled`. False if it does not wait any more. */
  compilerCancel(compiler: Handle, job: number): boolean;
  /** Gives a job that waits another priority. False if it does not wait any more. */
  compilerMove(compiler: Handle, job: number, priority: JobPriority): boolean;
  /** Drops what is kept of shared bitcode: no further job will be as fast. */
  compilerForget(compiler: Handle, bitcode: Handle): void;
  /** Jobs queued and running. */
  compilerPending(compiler: Handle): number;
  /** Cancels queued jobs; the promise settles when the running ones are done and the threads have ended. Idempotent. */
  compilerDestroy(compiler: Handle): Promise<void>;

  // --- memory (native/binding_memory.cc) -----------------------------------------------------------------
  /**
   * Reserves address space. `dual`: maps code (RX view + RW alias of one memfd), read-only (R view + RW alias) and
   * data (RW). `flipping`: maps all once; code and read-only pages can't be accessed until {@link memoryProtect}.
   * Throws Error with the failing call if the kernel refuses.
   */
  memoryCreate(
    codeBytes: number,
    readonlyBytes: number,
    dataBytes: number,
    mapping: 'dual' | 'flipping',
  ): Handle;
  memoryRegions(memory: Handle): NativeRegions;
  /**
   * The first bytes of a region, writable (the RW alias; for `data`, and with one mapping, the memory itself). V8 takes
   * them for memory in use, and collects garbage the more often for it. Throws Error when the region has fewer.
   */
  memoryView(memory: Handle, region: 'code' | 'readonly' | 'data', bytes: number): ArrayBuffer;
  /**
   * Pairs of begin and end: where V8 may put code that it compiles itself, of each isolate that loaded the addon. Empty
   * when V8 does not tell.
   */
  hostCodeRanges(): BigUint64Array;
  /** Gives whole pages of a region back to the kernel (they read as zero afterwards). */
  memoryDiscard(memory: Handle, region: 'code' | 'readonly' | 'data', offset: number, bytes: number): void;
  /** mprotect of whole pages with a flipping mapping: nothing, RW, R or RX. Throws Error with what the kernel said. */
  memoryProtect(
    memory: Handle,
    region: 'code' | 'readonly',
    offset: number,
    bytes: number,
    access: 'none' | 'write' | 'read' | 'execute',
  ): void;
  /** Detaches the ArrayBuffers, and unmaps when no engine is in it any more. Idempotent. */
  memoryDestroy(memory: Handle): void;
  /** A copy of memory anywhere in the process. */
  memoryRead(address: bigint, bytes: number): Uint8Array;
  /** Where the bytes of a view lie. */
  viewAddress(bytes: Uint8Array): bigint;
  /**
   * Writes a pattern over the first and the last bytes of a view and looks whether it appears at an address. Never
   * faults.
   *
   * @returns null, or what is wrong.
   */
  viewMirrors(bytes: Uint8Array, address: bigint): string | null;

  // --- for tools (native/binding_tools.cc) -----------------------------------------------------------------
  /** The machine code of a function that an object defines. Never throws for bad input. */
  disassemble(object: Uint8Array, function_: string): readonly ShownInstruction[] | NativeFailure;
  /** The source lines of the functions that an object defines. Never throws for bad input. */
  sourceLines(object: Uint8Array): ObjectLines | NativeFailure;
  /**
   * What the functions that canonical code defines call, by name; null: also what no name says. Reads all of it. Never throws
   * for bad input.
   */
  functionCalls(
    code: Uint8Array,
  ): readonly { readonly name: string; readonly callees: readonly string[] | null }[] | NativeFailure;
  /** Maps the first page of an open file executable for as long as the process lives: so perf learns of a jitdump. */
  mapForProfilers(file: number): void;
  /** Tells debuggers of an ELF file with symbols, which is copied. They know it until it is unregistered. */
  gdbRegister(file: Uint8Array): Handle;
  /** Idempotent. */
  gdbUnregister(symbols: Handle): void;

  // --- engines and threads (native/binding_runtime.cc) ---------------------------------------------------
  /** An engine without memory. The environment that creates it controls it: only its handle links and publishes. */
  engineCreate(): Handle;
  /** A number by which other JS environments of the process can attach; it can't be guessed. */
  engineShare(engine: Handle): bigint;
  /**
   * A handle for another environment: {@link bindFunction}, {@link callAsync}, {@link engineControlled} and
   * {@link engineMutatorsInside}, no more. Throws ENGINE_DISPOSED if there is no such engine any more.
   */
  engineAttach(number: bigint): Handle;
  /** False once the environment that controls the engine has ended: nobody links and publishes any more. */
  engineControlled(engine: Handle): boolean;
  /**
   * Keeps threads from entering for good: calls fail with ENGINE_DISPOSED. False, and nothing is changed, if a mutator
   * is inside. Exit handlers can still be run.
   */
  engineSeal(engine: Handle): boolean;
  /**
   * Tells an engine that memory is its own: slots, thread-local images and patches are refused elsewhere. An arena
   * that the range lies in is covered as a whole and stays mapped until the engine is destroyed.
   *
   * @param address - Where the program sees the memory.
   * @param bytes - The writable view.
   * @returns Where the arena lies; null if it lies in none, and whoever covers keeps the memory.
   */
  engineCover(engine: Handle, address: bigint, bytes: Uint8Array): { start: bigint; end: bigint } | null;
  /** The memory that begins there is the engine's no more; only for what lies in no arena. */
  engineUncover(engine: Handle, address: bigint): void;
  /** membarrier(PRIVATE_EXPEDITED_SYNC_CORE), or throws if the kernel has none. */
  engineSyncCore(engine: Handle): void;
  /**
   * Stores displacements of calls that may be executing, each by one instruction, then syncs all cores. Throws, with
   * nothing stored, if one crosses a cache line.
   *
   * @param patches - Pairs of the displacement's address, as the program sees it, and its value (its low 32 bits).
   */
  enginePatchCalls(engine: Handle, patches: BigUint64Array): void;
  /**
   * Lets go of the memory. Throws if a mutator is inside. Calls from JS that wait for a function to be compiled are ended
   * first, with ENGINE_DISPOSED, if nothing else is inside. Idempotent.
   */
  engineDestroy(engine: Handle): void;
  /** Calls `wake` on this JS thread soon after compiled code put a request into the empty ring. */
  engineOnRequests(engine: Handle, wake: () => void): void;
  /** Keeps (or no longer keeps) the event loop alive for requests. */
  engineRef(engine: Handle, keep: boolean): void;
  /** Takes all requests: addresses of the counters, in order. */
  engineTakeRequests(engine: Handle): BigUint64Array;
  /**
   * Takes the slots, by address, whose functions are called but not compiled: in order, a slot possibly more than once.
   * `0n` asks for all functions, as the process is about to fork. Woken for as {@link engineTakeRequests} is.
   */
  engineTakeLazyRequests(engine: Handle): BigUint64Array;
  /**
   * Lets those go on whose slots were stored.
   *
   * @param someLeft - Whether slots hold lazy entries still. To be told, too, after lazy entries were stored in slots: a
   *   fork asks for nothing while none are.
   */
  engineLazySettled(engine: Handle, someLeft: boolean): void;
  /**
   * Tells those who asked for a slot before now that its function can't be compiled: it is thrown in them as a C++
   * exception. The slot keeps its lazy entry, so the next call asks again.
   *
   * @param slot - Address of the slot, or `0n` for those who asked for all.
   * @param code - Code of a TierlinkError.
   * @param message - What compiled C++ that catches it reads.
   * @param details - The error's details as JSON, or ''.
   */
  engineLazyFailed(engine: Handle, slot: bigint, code: string, message: string, details: string): void;
  /**
   * Serves lazy calls made on this JS thread: `compile` is called in the middle of them with the address of the slot (0n:
   * compile all), and must have stored it when it returns. What it throws comes out at the JS caller, unless compiled
   * code catches it.
   */
  engineOnLazyCall(engine: Handle, compile: (slot: bigint) => void): void;
  /** Requests lost because the ring was full (their counters were re-armed and ask again). */
  engineLostRequests(engine: Handle): number;
  /** Threads now inside compiled code of this engine (JS calls, async calls, runs, threads the program made). */
  engineMutatorsInside(engine: Handle): number;
  /**
   * Keeps threads from entering; true if none is inside, else the gate is open again. Only for as long as it takes to
   * store some slots: who comes in meanwhile spins.
   */
  engineCloseGate(engine: Handle): boolean;
  engineOpenGate(engine: Handle): void;
  /**
   * Examines the registers and stacks of every thread that is inside now, or that a library made, and those of fibers.
   *
   * @param ranges - Pairs of begin and end, sorted and disjoint; no slot and no other code leads to them.
   */
  engineScanStacks(engine: Handle, ranges: BigUint64Array): StackScan;
  /** From now on a trap in compiled code that JS called is a failure of that call, with the code TRAPPED. */
  engineCatchTraps(engine: Handle): void;
  /** Code that trapped may be reclaimed: where it was is known. By any environment. */
  engineForgetTrap(engine: Handle, at: bigint): void;
  /**
   * Address for a name the runtime itself provides to compiled code (exit, atexit, pthread_create, __tierlink_hot ...), or
   * 0n. `__tierlink_lazy` and `__tierlink_engine` are what lazy entries need.
   */
  engineRuntimeSymbol(engine: Handle, name: string): bigint;
  /** Runs functions registered by atexit/__cxa_atexit since the engine began, last first. */
  engineRunExitHandlers(engine: Handle): void;
  /**
   * Runs, last first, those whose function or argument lies in some ranges, and forgets them.
   *
   * @param ranges - Pairs of begin and end.
   */
  engineRunExitHandlersWithin(engine: Handle, ranges: BigUint64Array): void;
  /** Registers the thread-local image of a data object; returns a value for the first word of its GOT pairs. */
  engineTlsRegister(
    engine: Handle,
    image: bigint,
    fileBytes: number,
    memoryBytes: number,
    alignment: number,
  ): bigint;
  /** For a thread-local of the process or a library: the two words of its tls_index, or null. */
  tlsIndexOf(library: bigint, name: string): { module: bigint; offset: bigint } | null;
  /** For one in static TLS: its offset from the thread pointer, or null. */
  tlsStaticOffsetOf(library: bigint, name: string): bigint | null;
  /** Starts CPU-time sampling of every run thread of this engine: one program counter each `intervalUs`. */
  engineStartSampling(engine: Handle, intervalUs: number): void;
  engineStopSampling(engine: Handle): void;
  /** Program counters taken since the last call. */
  engineTakeSamples(engine: Handle): BigUint64Array;
  /** Nanoseconds of CPU time of the engine's run threads since it began, of those that have ended too. */
  engineCpuTimeNs(engine: Handle): number;

  // --- symbols ---------------------------------------------------------------------------------------
  /** dlsym(RTLD_DEFAULT) in the process, or 0n. */
  processSymbol(name: string): bigint;
  /** dlopen(RTLD_NOW | RTLD_LOCAL); throws Error with dlerror's text. */
  libraryOpen(path: string): bigint;
  /**
   * Loads a shared object from memory into the scope that all libraries search. Its file must have no code. Returns a number
   * for {@link NativeAddon.symbolsClose}. Throws with the loader's or the kernel's reason.
   */
  symbolsOpen(file: Uint8Array): bigint;
  /** Drops it; it stays loaded as long as a library has found a name in it. */
  symbolsClose(symbols: bigint): void;
  /** dlsym in the library and what it depends on, or 0n; only in the library for a name that the process has, too. */
  librarySymbol(library: bigint, name: string): bigint;

  // --- unwinding -------------------------------------------------------------------------------------
  /**
   * Registers the .eh_frame section at this address, which a zero word follows, for functions within the code.
   * Throws Error if it is damaged or registered, or if its code overlaps that of a registered one.
   */
  framesRegister(address: bigint, bytes: number, codeStart: bigint, codeBytes: number): void;
  /** When this returns, no thread reads the section. */
  framesDeregister(address: bigint): void;
  /** Whether the unwinder asks the addon's index (native/frames.h), or libgcc's own list. */
  framesIndexed(): boolean;
  /** Start of the function that the unwinder finds around an address, or 0n. */
  unwindFunctionAround(address: bigint): bigint;

  // --- calls -----------------------------------------------------------------------------------------
  /**
   * A JS function that calls through `*slot` with the signature letters of {@link FunctionSummary.signature}.
   *
   * @param failed - Is given what a call would throw, and returns what it throws.
   */
  bindFunction(
    engine: Handle,
    slot: bigint,
    signature: string,
    name: string,
    failed: (error: unknown) => unknown,
  ): (...args: unknown[]) => unknown;
  /**
   * The same as {@link bindFunction}, as a function that V8's optimised code calls straight, while that is possible. It has
   * to be called with as many arguments as there are parameters.
   *
   * @param failed - Is told what a call would throw; the call then returns undefined. Not kept alive: whoever can call it
   *   has to.
   * @returns null where V8, or the signature, does not allow it.
   */
  bindFast(
    engine: Handle,
    slot: bigint,
    signature: string,
    name: string,
    failed: (error: unknown) => void,
  ): ((...args: unknown[]) => unknown) | null;
  /** What {@link bindFunction} and {@link bindFast} gave for this handle throws ENGINE_DISPOSED from now on. */
  callsEnd(engine: Handle): void;
  /** Whether nothing that the slot's code can come to runs JS on this thread, so that its fast calls are. */
  fastIsOpen(engine: Handle, slot: bigint): boolean;
  /** Whether the slot's code may come to function pointers, so to callbacks. It may until this says otherwise. */
  engineMayCallBack(engine: Handle, slot: bigint, may: boolean): void;
  /** Compiled code may come to functions that run JS: no call of this engine's code is fast from now on. */
  engineMayRunJs(engine: Handle): void;
  /** The same on a thread of its own. */
  callAsync(engine: Handle, slot: bigint, signature: string, name: string, args: unknown[]): Promise<unknown>;
  /**
   * A function pointer that calls a JS function on this JS thread, from whichever thread it is called. It is there until
   * it is freed, or this environment ends.
   *
   * @param signature - Letters of {@link FunctionSummary.signature}.
   * @param name - For messages.
   */
  callbackCreate(
    engine: Handle,
    signature: string,
    name: string,
    call: (...args: readonly never[]) => unknown,
  ): Handle;
  callbackAddress(callback: Handle): bigint;
  /** Calls get CALLBACK_FAILED from now on. Idempotent. */
  callbackFree(callback: Handle): void;
  /** Runs the calls of other threads that wait for this JS thread, which is about to wait itself. */
  callbacksServe(): void;
  /** Calls main(argc, argv, environ) through `*slot` on a new native thread whose stack is as large as a program's (RLIMIT_STACK). */
  run(engine: Handle, slot: bigint, argv: string[]): Promise<RunOutcome>;
  /** Calls a `void ()` or `ptr ()` now, on this thread; returns rax. */
  callPlain(engine: Handle, slot: bigint): bigint;
  /** fflush(NULL). */
  flushStdio(): void;
  /**
   * Gives stdout its buffering, signals their defaults and children the standard streams, and makes these block, all of
   * which Node has changed. From now on Node's threads block signals that are sent to the process: they are for the
   * program's.
   */
  adoptProcess(): void;
  /** After {@link NativeAddon.adoptProcess}: Node's threads take signals again that are sent to the process. */
  releaseProcess(): void;
  /** _exit after fflush(NULL): ends the process without Node's teardown, as the program's own exit. */
  exitProcess(status: number): void;
  /**
   * For the end of the process, at which Node waits for its workers: if another JS thread is inside compiled code now
   * and `afterMs` milliseconds later, the process is ended then. False if none is inside now.
   */
  exitIfStuck(status: number, afterMs: number): boolean;
}
