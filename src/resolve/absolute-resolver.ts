/** A table of names with fixed addresses. */
import { TierlinkError } from '../core/errors.js';
import { addressLimit } from './answer.js';
import {
  type SymbolAnswer,
  type SymbolQuery,
  type SymbolResolver,
  symbolResolverVersion,
} from './symbol-resolver.js';

/** Searches a table that was given whole. */
export class AbsoluteResolver implements SymbolResolver {
  readonly apiVersion: number = symbolResolverVersion;
  readonly description: string;
  readonly #answers = new Map<string, SymbolAnswer>();

  /**
   * @param addresses - Address of each name, from 1 to 2^47 - 1; copied.
   * @throws TierlinkError OPTION_INVALID naming the symbol whose address is none
   */
  constructor(addresses: Readonly<Record<string, bigint>>) {
    for (const [symbol, address] of Object.entries(addresses)) {
      // What comes from JavaScript may be anything.
      const given: unknown = address;
      if (typeof given !== 'bigint' || given <= 0n || given >= addressLimit) {
        throw new TierlinkError('OPTION_INVALID', {
          option: `absoluteResolver.${symbol}`,
          value: String(given),
          expected: 'an address from 1n to 2n ** 47n - 1n',
        });
      }
      this.#answers.set(symbol, { kind: 'address', address });
    }
    this.description = `a table of ${String(this.#answers.size)} absolute address(es)`;
  }

  resolve({ name, use }: SymbolQuery): SymbolAnswer | undefined {
    return use === 'tls' ? undefined : this.#answers.get(name);
  }
}
