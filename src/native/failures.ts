/** Turns what LLVM reported into typed errors. */
import { TierlinkError } from '../core/errors.js';
import type { NativeFailure } from './contract.js';

/**
 * The error for a failed ingest.
 *
 * @param failure - What the addon reported.
 * @param module - Name of the module.
 * @returns The error.
 */
export function ingestError(failure: NativeFailure, module: string): TierlinkError {
  const reason = failure.message.trim();
  switch (failure.kind) {
    case 'parse':
      return new TierlinkError('IR_INVALID', { module, reason });
    case 'verify':
      return new TierlinkError('IR_UNVERIFIED', { module, reason });
    case 'target':
      return targetError(module, reason);
    case 'unsupported':
      return new TierlinkError('IR_UNSUPPORTED', { module, symbol: failure.symbol, reason });
    case 'bitcode':
    case 'compile':
    case 'profile':
    case 'crash':
    case 'cancelled':
      return new TierlinkError('BITCODE_INVALID', { module, reason });
    case 'missing':
      return missingError(failure);
  }
}

/**
 * The error for a failed compile.
 *
 * @param failure - What the addon reported.
 * @param module - Name of the module.
 * @param tier - Name of the tier.
 * @returns The error.
 */
export function compileError(failure: NativeFailure, module: string, tier: string): TierlinkError {
  const reason = failure.message.trim();
  if (failure.kind === 'missing') return missingError(failure);
  // Of bodies that ingest left unread.
  if (failure.kind === 'verify' || failure.kind === 'bitcode') return ingestError(failure, module);
  if (failure.kind === 'cancelled') return new TierlinkError('COMPILE_CANCELLED', { module, tier, reason });
  const code = failure.kind === 'crash' ? 'COMPILE_CRASHED' : 'COMPILE_FAILED';
  return new TierlinkError(code, { module, tier, reason });
}

/**
 * The error for a profile that can't be read or written.
 *
 * @param failure - What the addon reported.
 * @param profile - What it is of: a path, or words.
 * @returns The error.
 */
export function profileError(failure: NativeFailure, profile: string): TierlinkError {
  if (failure.kind === 'missing') return missingError(failure);
  return new TierlinkError('PROFILE_INVALID', { profile, reason: failure.message.trim() });
}

function missingError({ symbol, message }: NativeFailure): TierlinkError {
  return new TierlinkError('LLVM_MISSING', { addon: symbol, reason: message });
}

function targetError(module: string, reason: string): TierlinkError {
  return new TierlinkError('TARGET_MISMATCH', {
    module,
    what: 'another target:',
    found: reason,
    expected: 'x86_64-linux-gnu with its standard data layout',
  });
}
