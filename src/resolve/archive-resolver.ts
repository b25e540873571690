/** Finds members of a static archive: they join the program when something needs a symbol that they define. */
import { readArchive } from '../elf/archive.js';
import {
  type SymbolAnswer,
  type SymbolQuery,
  type SymbolResolver,
  symbolResolverVersion,
} from './symbol-resolver.js';

type Member = Extract<SymbolAnswer, { readonly kind: 'module' }>;

/** Searches one archive by its symbol index. */
export class ArchiveResolver implements SymbolResolver {
  readonly apiVersion: number = symbolResolverVersion;
  readonly description: string;
  /** Its name. */
  readonly name: string;
  readonly #members = new Map<string, Member>();

  /**
   * @param name - Its name, which those of its members start with: `name(member)`.
   * @param bytes - The file; kept, not copied.
   * @throws TierlinkError ARCHIVE_INVALID
   */
  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.description = `archive ${name}`;
    const { members, symbols } = readArchive(bytes, name);
    const times = new Map<string, number>();
    const answers = new Map(
      members.map((member) => {
        // An archive may hold several members of one name.
        const time = (times.get(member.name) ?? 0) + 1;
        times.set(member.name, time);
        const suffix = time === 1 ? '' : `#${String(time)}`;
        return [
          member,
          { kind: 'module', name: `${name}(${member.name}${suffix})`, bytes: member.bytes } as const,
        ];
      }),
    );
    for (const [symbol, member] of symbols) {
      const answer = answers.get(member);
      if (answer !== undefined) this.#members.set(symbol, answer);
    }
  }

  resolve({ name }: SymbolQuery): SymbolAnswer | undefined {
    return this.member(name);
  }

  /** The member that defines a symbol, the first one when several do; undefined if none does. */
  member(symbol: string): Member | undefined {
    return this.#members.get(symbol);
  }
}
