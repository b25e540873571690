/** Refuses an answer that nothing can be linked to, with the name of the resolver that gave it. */
import { TierlinkError } from '../core/errors.js';
import type { SymbolAnswer, SymbolQuery, SymbolResolver } from './symbol-resolver.js';

/** Addresses of the program are below. */
export const addressLimit: bigint = 2n ** 47n;

/**
 * Asks a resolver, and checks what it says.
 *
 * @param resolver - The resolver.
 * @param query - The question.
 * @param module - Name of the module that needs it, for messages.
 * @returns The answer, as it should be.
 * @throws TierlinkError RESOLVER_FAILED: it threw, or the answer is none
 */
export function ask(resolver: SymbolResolver, query: SymbolQuery, module: string): SymbolAnswer | undefined {
  const failed = (reason: string, options?: ErrorOptions): TierlinkError => {
    const details = { resolver: resolver.description, module, symbol: query.name, reason };
    return new TierlinkError('RESOLVER_FAILED', details, options);
  };
  let answer: SymbolAnswer | undefined;
  try {
    answer = resolver.resolve(query);
  } catch (cause) {
    throw failed(`it threw: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  const fault = answer === undefined ? undefined : faultOf(answer, query);
  if (fault !== undefined) throw failed(fault);
  return answer;
}

/** What is wrong with an answer, which may come from JavaScript and be anything. */
function faultOf(answer: unknown, { use, isDefined }: SymbolQuery): string | undefined {
  if (typeof answer !== 'object' || answer === null)
    return `it answered ${String(answer)}, which is no answer`;
  const given = answer as Readonly<Record<string, unknown>>;
  switch (given['kind']) {
    case 'address':
      if (use === 'tls') return 'it answered an address for a thread-local';
      return isWord(given['address'], 1n, addressLimit) ? undefined : notA('an address', given['address']);
    case 'thread-local':
      if (use !== 'tls') return `it answered a thread-local for ${use}`;
      if (!isWord(given['module'], 0n, 2n ** 64n)) return notA('a TLS module', given['module']);
      if (!isWord(given['offset'], 0n, addressLimit)) return notA('a TLS offset', given['offset']);
      return given['staticOffset'] === undefined || isWord(given['staticOffset'], -addressLimit, addressLimit)
        ? undefined
        : notA('a static TLS offset', given['staticOffset']);
    case 'defined': {
      const { symbol } = given;
      if (typeof symbol === 'string' && isDefined(symbol)) return undefined;
      return `it answered ${String(symbol)}, which no module defines`;
    }
    case 'module':
      if (typeof given['name'] !== 'string') return notA('the name of a module', given['name']);
      return given['bytes'] instanceof Uint8Array ? undefined : notA('the bytes of a module', given['bytes']);
    default:
      return `it answered with the unknown kind ${String(given['kind'])}`;
  }
}

function isWord(value: unknown, least: bigint, limit: bigint): boolean {
  return typeof value === 'bigint' && value >= least && value < limit;
}

function notA(what: string, value: unknown): string {
  return `it answered ${String(value)} (a ${typeof value}) for ${what}`;
}
