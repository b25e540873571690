/** Debug info: which line each instruction is from, and where variables are, for debuggers and profilers. */
import { basename, dirname, resolve } from 'node:path';
import llvm from 'llvm-bindings';
import type { Source } from './source.js';
import type { Local } from './symbols.js';
import { show, type Type } from './types.js';

const { dwarf, DINode, DISubprogram } = llvm;
const { DW_ATE_address, DW_ATE_boolean, DW_ATE_float, DW_ATE_signed } = dwarf.TypeKind;
const encodings: Readonly<Record<string, readonly [bits: number, encoding: number]>> = {
  int: [64, DW_ATE_signed],
  float: [64, DW_ATE_float],
  bool: [8, DW_ATE_boolean],
};

/** What a function is, before it has a body. */
export interface Head {
  readonly code: llvm.Function;
  readonly symbol: string;
  /** What debuggers call it. */
  readonly title: string;
  readonly at: number;
  readonly type: Type & { readonly kind: 'function' };
}

type Described = Pick<Local, 'name' | 'type'>;
interface Where {
  readonly scope: llvm.DISubprogram;
  readonly at: number;
  readonly block: llvm.BasicBlock;
  readonly parameter: number;
}

/** That of one module. */
export class DebugInfo {
  readonly #context: llvm.LLVMContext;
  readonly #builder: llvm.DIBuilder;
  readonly #source: Source;
  readonly #file: llvm.DIFile;

  constructor(module: llvm.Module, context: llvm.LLVMContext, source: Source) {
    this.#context = context;
    this.#source = source;
    module.addModuleFlag(
      llvm.Module.ModFlagBehavior.Warning,
      'Debug Info Version',
      llvm.LLVMConstants.DEBUG_METADATA_VERSION,
    );
    module.addModuleFlag(llvm.Module.ModFlagBehavior.Warning, 'Dwarf Version', 4);
    this.#builder = new llvm.DIBuilder(module);
    this.#file = this.#builder.createFile(basename(source.path), dirname(resolve(source.path)));
    // Debuggers know no Rill; as C its values are shown rightly.
    this.#builder.createCompileUnit(dwarf.SourceLanguage.DW_LANG_C99, this.#file, 'rill', false, '', 0);
  }

  /** Describes a function, from which locations inside it are made. */
  function({ code, symbol, title, at, type: { parameters, result } }: Head): llvm.DISubprogram {
    const { line } = this.#source.place(at);
    const shown = [
      result.kind === 'void' ? null : this.#type(result),
      ...parameters.map((type) => this.#type(type)),
    ];
    const type = this.#builder.createSubroutineType(this.#builder.getOrCreateTypeArray(shown));
    const { SPFlagDefinition } = DISubprogram.DISPFlags;
    const { FlagPrototyped } = DINode.DIFlags;
    const made = this.#builder.createFunction(
      this.#file,
      title,
      symbol,
      this.#file,
      line,
      type,
      line,
      FlagPrototyped,
      SPFlagDefinition,
    );
    code.setSubprogram(made);
    return made;
  }

  location(scope: llvm.DISubprogram, at: number): llvm.DILocation {
    const { line, column } = this.#source.place(at);
    return llvm.DILocation.get(this.#context, line, column, scope);
  }

  /** Says where a variable is; parameters have numbers from 1, others 0. */
  variable(storage: llvm.Value, { name, type }: Described, { scope, at, block, parameter }: Where): void {
    const builder = this.#builder;
    const { line } = this.#source.place(at);
    const shown = this.#type(type);
    const made =
      parameter === 0
        ? builder.createAutoVariable(scope, name, this.#file, line, shown)
        : builder.createParameterVariable(scope, name, parameter, this.#file, line, shown);
    builder.insertDeclare(storage, made, builder.createExpression(), this.location(scope, at), block);
  }

  /** To be called when all functions are there. */
  finish(): void {
    this.#builder.finalize();
  }

  #type(type: Type): llvm.DIType {
    const [bits, encoding] = encodings[type.kind] ?? [64, DW_ATE_address];
    return this.#builder.createBasicType(show(type), bits, encoding);
  }
}
