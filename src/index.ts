/**
 * tierlink: a multi-module, tiered JIT on LLVM for Node.js.
 *
 * @packageDocumentation
 */
export type { CacheStatistics } from './cache/object-cache.js';
export type { Evicted, ObjectStore } from './cache/object-store.js';
export type { CallArgument, Callable, CallResult, FnOptions } from './call/callable.js';
export type { Callback, HostFunction } from './call/callback.js';
export {
  type FieldType,
  type Fields,
  type FieldValue,
  type ScalarName,
  type ScalarValues,
  struct,
  type StructType,
  type StructView,
} from './call/struct.js';
export type { Clock } from './core/clock.js';
export { type CompilePriority, CompileTicket, type TicketedJob } from './core/compile-ticket.js';
export type {
  CallForm,
  CompileProfile,
  CompiledObject,
  ImportSource,
  LikelyCall,
  LoopId,
  CompileChoice,
  CompileRequest,
  FunctionSelection,
  Compiler,
} from './core/compiler.js';
export type {
  Candidacy,
  Candidates,
  Choice,
  Decision,
  Observation,
  Patience,
  Promotion,
  Speed,
  TierCost,
} from './core/decision.js';
export {
  type ErrorCode,
  type ErrorDetails,
  type ErrorDetailsByCode,
  type ErrorEntry,
  errorTable,
  TierlinkError,
  type TrapKind,
} from './core/errors.js';
export type {
  CachedContent,
  CacheEvent,
  ChoseEvent,
  DecidedEvent,
  EngineEvents,
  FailedEvent,
  MovedEvent,
  ProfileDroppedEvent,
  PublishedEvent,
  ContinuedEvent,
  ReplacedEvent,
  LifecycleStep,
  RequestedEvent,
  RolledBackEvent,
  WarningEvent,
} from './core/events.js';
export type { ShownInstruction } from './native/contract.js';
export type { ProfileUse, TierRecipe } from './core/tier.js';
export type {
  AuditedMapping,
  AuditedRange,
  AuditReport,
  AuditRole,
  AuditViolation,
} from './engine/audit.js';
export { AttachedEngine, attachEngine } from './control/attached.js';
export type { EngineHandle } from './control/engine-handle.js';
export type { RunOptions } from './engine/core.js';
export { createEngine, Engine } from './engine/engine.js';
export { type Address, address } from './core/ids.js';
export type { Disassembly } from './engine/disassembler.js';
export type { ObserveOptions } from './engine/code-observers.js';
export {
  type LifecycleInspector,
  type ShownState,
  type ShownUnit,
  type Watched,
  watchLifecycle,
} from './engine/watch-lifecycle.js';
export { Trace, type Traced, type TraceParts } from './observe/trace.js';
export { type InspectedSymbol, type Inspection, inspectModule } from './engine/inspect.js';
export {
  type BodyReading,
  type ControlKind,
  type EngineOptions,
  type Linkage,
  type RelocationKeeping,
  type TrapReaction,
  type UnitKind,
} from './engine/options.js';
export {
  type DirectoryCache,
  directory,
  memory,
  openStore,
  type StoreLimits,
} from './engine/object-stores.js';
export type { Ledger, LedgerAmounts, LedgerEntry } from './engine/ledger.js';
export {
  absoluteResolver,
  archiveResolver,
  libraryResolver,
  moduleResolver,
  processResolver,
} from './engine/resolvers.js';
export { addressOf, readMemory } from './engine/raw-memory.js';
export type { EngineSnapshot, ModuleSnapshot } from './engine/snapshot.js';
export type { BindingsModule, ModuleSource } from './engine/source.js';
export type { AddModuleOptions, GroupMember, GroupOptions, NamedSource } from './engine/module-loader.js';
export type { Compaction } from './engine/mover.js';
export { Profile, readProfile } from './engine/profile.js';
export type { FunctionProfile, SeenValue } from './profile/record.js';
export type { ReplaceOptions } from './engine/replacer.js';
export { dualMappedMemory, type MemorySizes, mprotectMemory } from './engine/memory-managers.js';
export {
  FaultInjectingMemory,
  type FaultPoint,
  type FaultRule,
  failNth,
  failSometimes,
} from './memory/fault-injecting.js';
export type { MemoryManager, MemorySection } from './memory/memory-manager.js';
export type { Hold } from './memory/retirement.js';
export { policyNames, policyOf, type PolicyOptions } from './engine/policies.js';
export {
  defineExperiment,
  type Experiment,
  type ExperimentPolicy,
  type ExperimentProgram,
  type Marks,
  type TrialOrder,
  trialsOf,
} from './experiment/experiment.js';
export { type Prediction, predict } from './experiment/predict.js';
export { type Replay, replay } from './experiment/replay.js';
export type { Estimate } from './experiment/statistics.js';
export {
  type CurvePoint,
  type FigureName,
  figureNames,
  figuresOf,
  type KindSummary,
  summarize,
  type TrialFigures,
} from './experiment/summary.js';
export {
  type BrokenRecord,
  decodeTrace,
  encodeRecord,
  type EndRecord,
  type MarksRecord,
  type SampleRecord,
  type TraceRecord,
  traceVersion,
  type TrialRecord,
  type TrialTrace,
} from './experiment/trace.js';
export { serveTrial } from './experiment/serve-trial.js';
export { runTrial } from './experiment/trial.js';
export type { Latencies } from './engine/statistics.js';
export type { TimeByTier } from './engine/time-by-tier.js';
export type { RunOutcome } from './native/contract.js';
export type { SymbolAnswer, SymbolQuery, SymbolResolver } from './resolve/symbol-resolver.js';
export type { FrameRegistrar } from './unwind/frame-registrar.js';
export { defaultPenalty, type PenaltyRule } from '../tiers/penalty.js';
export {
  type CountersOptions,
  countersPolicy,
  defaultFeedback,
  defaultThresholds,
  type Thresholds,
} from '../tiers/policies/counters.js';
export { type BudgetedOptions, budgetedPolicy } from '../tiers/policies/budgeted.js';
export { eagerPolicy } from '../tiers/policies/eager.js';
export { neverPolicy } from '../tiers/policies/never.js';
export {
  dotnetPolicy,
  hotspotPolicy,
  jscPolicy,
  v8Policy,
} from '../tiers/policies/presets.js';
export type { Policy } from '../tiers/policy.js';
export { defaultRollback, type RollbackRule } from '../tiers/slowdown.js';
export { baseline, optimized, peak, quick, shippedTiers } from '../tiers/recipes.js';
