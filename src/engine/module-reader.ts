/** Reads modules: bitcode, IR text and objects become records, and what they need is looked for. */
import { assert, present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import { prepareObject } from '../link/prepare.js';
import type { IngestedModule } from '../native/ingest.js';
import type { Use } from '../registry/definition.js';
import type { ModuleRecord } from '../registry/records.js';
import type { Composition } from './compose.js';
import { type Identity, recordOfIr, recordOfObject } from './register.js';
import type { SourceBytes } from './source.js';
import { queriedUse } from './symbol-chain.js';

/** A module that is to be read: its bytes are not an archive. */
export interface Incoming {
  readonly identity: Identity;
  readonly source: SourceBytes;
}

/** Reads the modules of one engine. */
export class ModuleReader {
  readonly #parts: Composition;
  /** COMDAT groups of ELF objects that were kept, by the module that keeps them: the first one of a signature is. */
  readonly #groups = new Map<string, string>();

  /** @param parts - The engine's parts. */
  constructor(parts: Composition) {
    this.#parts = parts;
  }

  /**
   * Reads modules; nothing is registered. All that is IR is ingested at once, before the first record is made. Records
   * are made one by one, since objects depend on what was registered before them.
   *
   * @param incoming - The modules.
   * @returns Their records, in order. Making one throws BITCODE_INVALID, IR_INVALID, IR_UNVERIFIED, IR_UNSUPPORTED,
   *   TARGET_MISMATCH, LLVM_MISSING, OBJECT_INVALID, OBJECT_UNSUPPORTED, SYMBOL_DUPLICATE, SYMBOL_TYPE_MISMATCH.
   */
  *readAll(incoming: readonly Incoming[]): Generator<ModuleRecord, undefined> {
    const requests = incoming
      .filter(({ source }) => source.format !== 'object')
      .map(({ identity: { id, name }, source: { format, bytes } }) => ({
        source: { bytes, format: format === 'ir' ? ('ir' as const) : ('bitcode' as const) },
        id,
        name,
        lazy: this.#parts.settings.bodies === 'lazy',
      }));
    const ingested = (requests.length === 0 ? [] : this.#parts.ingest(requests)).values();
    for (const { identity, source } of incoming) {
      if (source.format === 'object') {
        yield this.#object(identity, source.bytes);
        continue;
      }
      const outcome = present(ingested.next().value, 'all were read up to the first that failed');
      if (outcome instanceof TierlinkError) throw outcome;
      yield this.#ir(identity, outcome);
    }
  }

  /**
   * Reads one module; see {@link readAll}.
   *
   * @param identity - Its numbers and name.
   * @param source - Its bytes, not an archive.
   * @returns Its record.
   */
  read(identity: Identity, source: SourceBytes): ModuleRecord {
    return present(this.readAll([{ identity, source }]).next().value, 'one comes in, one comes out');
  }

  /** Forgets which groups a module keeps: it is gone. */
  forget(module: string): void {
    for (const [signature, keeper] of this.#groups) if (keeper === module) this.#groups.delete(signature);
  }

  /**
   * Checks that all a module needs is there, and is what it is used as.
   *
   * @param module - The module.
   * @throws TierlinkError SYMBOL_UNRESOLVED, SYMBOL_TYPE_MISMATCH
   */
  checkUses(module: ModuleRecord): void {
    try {
      this.#check(module, module.uses);
    } catch (error) {
      if (!module.unread) throw error;
      this.#check(module, this.#readUses(module));
    }
  }

  /** What the bodies use of what the module declares. */
  #readUses({ id, name, canonical }: ModuleRecord): readonly Use[] {
    assert(canonical.kind === 'ir', 'only bodies of IR are left unread');
    const source = { bytes: canonical.code, format: 'bitcode' } as const;
    const [outcome] = this.#parts.ingest([{ source, id, name, lazy: false }]);
    const read = present(outcome, 'one comes in, one comes out');
    if (read instanceof TierlinkError) throw read;
    return recordOfIr({ id, name }, read.summary, read.code, read.data).uses;
  }

  #check(module: ModuleRecord, uses: readonly Use[]): void {
    const { chain, symbols } = this.#parts;
    const missing: string[] = [];
    for (const use of uses) {
      if (isProvided(use.name)) continue;
      const found = chain.find(use.name, queriedUse(use), module.name);
      const isDefined = found?.kind === 'definition';
      // A module that is being replaced does not give itself what its new source lacks.
      const isOwn = isDefined && found.definition.module === module.name;
      if (isDefined && !isOwn) symbols.checkUse(module.name, use, found.definition);
      else if (found?.kind === 'address') this.#parts.hostFunctions.checkUse(module.name, use, found.address);
      else if ((found === undefined || isOwn) && !use.weak) missing.push(use.name);
    }
    if (missing.length > 0) {
      const { searched } = chain;
      throw new TierlinkError('SYMBOL_UNRESOLVED', { module: module.name, symbols: missing, searched });
    }
  }

  #ir(identity: Identity, { summary, code, data }: IngestedModule): ModuleRecord {
    const optnone = summary.functions.filter((item) => item.optnone).length;
    if (optnone > 0) {
      this.#parts.emit('warning', {
        module: identity.name,
        kind: 'optnone',
        message: `${String(optnone)} function(s) are marked optnone, so no tier optimises them; compile with -Xclang -disable-O0-optnone, or -O1 -Xclang -disable-llvm-passes`,
      });
    }
    if (summary.pinned !== '') {
      this.#parts.emit('warning', {
        module: identity.name,
        kind: 'pinned',
        message: `it runs at the lowest tier, as it can't be recompiled: ${summary.pinned}`,
      });
    }
    return recordOfIr(identity, summary, code, data);
  }

  #object(identity: Identity, bytes: Uint8Array): ModuleRecord {
    const taken: string[] = [];
    const image = prepareObject(bytes, identity.name, {
      keepGroup: (signature) => {
        if (this.#groups.has(signature)) return false;
        taken.push(signature);
        return true;
      },
    });
    const record = recordOfObject(identity, image);
    this.#parts.symbols.check(record.definitions);
    for (const signature of taken) this.#groups.set(signature, identity.name);
    this.#parts.unitCompiler.keepObject(identity.name, image);
    return record;
  }
}

/** Names that the linker itself gives a meaning. */
export function isProvided(symbol: string): boolean {
  return symbol === '__dso_handle' || symbol === '_GLOBAL_OFFSET_TABLE_' || symbol === '__tls_get_addr';
}
