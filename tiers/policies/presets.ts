/**
 * The published thresholds of other runtimes, as policies for our ladder, to be compared on the same code. Only calls
 * are looked at: what these runtimes count of loops is left out. docs/policies.md says what else has no counterpart.
 */
import type { Policy } from '../policy.js';
import { steppedPolicy } from './stepped.js';

/**
 * HotSpot: interpreter, C1 with a profile, C2. `Tier3InvocationThreshold` 200, `Tier4InvocationThreshold` 5000,
 * `Tier3LoadFeedback` 5, `Tier4LoadFeedback` 3 (src/hotspot/share/compiler/compiler_globals.hpp); the load is that of
 * compilationPolicy.cpp. With calls alone the second half of its predicate, `Tier3MinInvocationThreshold` 100 with
 * `Tier3CompileThreshold` 2000, is never true before the first.
 */
export const hotspotPolicy: Policy = steppedPolicy({
  name: 'hotspot',
  steps: [
    { calls: 200, feedback: 5 },
    { calls: 5_000, feedback: 3 },
  ],
});

/**
 * V8: Sparkplug, Maglev, TurboFan. `invocation_count_for_maglev` 400, `invocation_count_for_turbofan` 3000
 * (src/flags/flag-definitions.h). The budget is that count times the length of the bytecode, paid at returns and
 * back-edges by the bytecodes run (src/execution/tiering-manager.cc): calls, for what has no loop.
 */
export const v8Policy: Policy = steppedPolicy({ name: 'v8', steps: [{ calls: 400 }, { calls: 3_000 }] });

/** A call counts so much in JSC: `executionCounterIncrementForEntry`, `ftlTierUpCounterIncrementForReturn`. */
const jscCall = 15;

/** `CodeBlock::optimizationThresholdScalingFactor`, Source/JavaScriptCore/bytecode/CodeBlock.cpp. */
function jscSizeFactor(instructions: number): number {
  return 0.825914 + 0.061504 * Math.sqrt(instructions + 1.02406);
}

/**
 * JavaScriptCore: LLInt, Baseline, DFG, FTL. `thresholdForJITAfterWarmUp` 500, `thresholdForOptimizeAfterWarmUp` 1000,
 * `thresholdForFTLOptimizeAfterWarmUp` 64000 (Source/JavaScriptCore/runtime/OptionsList.h). The last two are multiplied by
 * a factor of the size of bytecode, for which IR instructions stand here.
 */
export const jscPolicy: Policy = steppedPolicy({
  name: 'jsc',
  steps: [
    { calls: Math.ceil(500 / jscCall) },
    { calls: Math.ceil(1_000 / jscCall), sizeFactor: jscSizeFactor },
    { calls: Math.ceil(64_000 / jscCall), sizeFactor: jscSizeFactor },
  ],
});

/**
 * .NET: tier 0 and tier 1. `TC_CallCountThreshold` 30, `TC_CallCountingDelayMs` 100, counted anew from the last method
 * that was compiled for the first time (src/coreclr/inc/clrconfigvalues.h).
 */
export const dotnetPolicy: Policy = steppedPolicy({ name: 'dotnet', steps: [{ calls: 30 }], quietMs: 100 });
