/** Finds what registered modules define. */
import {
  type SymbolAnswer,
  type SymbolQuery,
  type SymbolResolver,
  symbolResolverVersion,
} from './symbol-resolver.js';

/** The link of the chain at which modules, and archives that were added as modules, are searched. */
export class ModuleResolver implements SymbolResolver {
  readonly apiVersion: number = symbolResolverVersion;
  readonly description: string = 'the registered modules';

  resolve({ name, isDefined }: SymbolQuery): SymbolAnswer | undefined {
    return isDefined(name) ? { kind: 'defined', symbol: name } : undefined;
  }
}
